use strict; use warnings; use Battery; use JSON::PP; use PostgreSQL::Test::Cluster; use PostgreSQL::Test::Utils; use Test::More; use FindBin;
my $json = JSON::PP->new->utf8->canonical->allow_nonref;
my @cases = map { $json->decode($_) } grep { /\S/ } split /\n/, slurp_file($ENV{PLASMA_BATTERY});
my $node = PostgreSQL::Test::Cluster->new('load'); $node->init;
$node->append_conf('postgresql.conf', "autovacuum = off\nfsync = off\nclient_min_messages = error\nshared_buffers=256MB\ntimezone='Etc/UTC'");
$node->start; $node->safe_psql('postgres', 'CREATE DATABASE battery_model');
$node->safe_psql('battery_model', slurp_file("$FindBin::RealBin/$_")) for qw(battery.sql battery_rows.sql);
$node->safe_psql('battery_model', 'CREATE EXTENSION plasma');
my $b = Battery->new($node, 'battery_model');
my $t0=time; my %n;
for my $i (0..$#cases) { my $c=$cases[$i];
  my $old=$b->create("old"); my $new=$b->create("new");
  my $why = $b->load($new,$c->{new}) // $b->load($old,$c->{old});
  if ($why) { $n{unload}++; print "UNLOAD $c->{source} $c->{name} [$c->{expect}]: $why\n"; }
  else { my $f = $b->ask_json($old,'SELECT battery.facts()'); $n{tables}+= keys %{$f->{tables}};
    my $u = $b->ask_json($old,'SELECT battery.fill()'); print "UNFILLED $c->{name} $_: $u->{$_}\n" for sort keys %$u; $n{unfilled}+=keys %$u;
    $b->ask_json($old,'SELECT battery.digest()','SELECT battery.figures()','SELECT battery.contents(battery.facts())');
    my @p=$b->prerequisites($c->{new}); print "PRE $c->{name}: ", join(' | ', map { s/\s+/ /gr =~ s/(.{60}).*/$1/r } @p),"\n" if @p;
  }
  $b->drop_all;
}
print "time ", time-$t0, " ", $json->encode(\%n), "\n"; ok(1); done_testing;
