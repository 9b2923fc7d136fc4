# Attempts by what a client sends: forged cookies, text in the place of names and values, requests
# made to cost much.
use strict;
use warnings;

use AttackWorld;
use JSON::PP;
use MIME::Base64 qw(decode_base64url encode_base64url);
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $node = AttackWorld::make("plasma.mutation_timeout = '1s'\n");
my $json = JSON::PP->new->canonical->allow_nonref->ascii;

# Cookies. Their checksum is no secret; the database itself makes it here as the server does.
sub pulled
{
	my ($role, %request) = @_;
	my $said = said($role, pull_of(undef, %request));

	return $said =~ /^(\{.*\})$/m ? $json->decode($1) : $said;
}
my $cookie = pulled('ann', clientGroupID => 'of ann')->{cookie};
like($cookie, qr/^c2:/, 'ann has a cookie');
harmless('bob', pull_of(undef, clientGroupID => 'of bob', cookie => $cookie), qr/\[\{"op":"clear"\}.*"id":"b1"/, 'the cookie of another role begins afresh');
harmless('gate', pull_of('{"sub": "ann", "role": "web"}', clientGroupID => 'of ann', cookie => $cookie), qr/\[\{"op":"clear"\}/, 'the cookie of the role ann is none of the user ann');
harmless('ann', pull_of(undef, clientGroupID => 'another of ann', cookie => $cookie), qr/\[\{"op":"clear"\}/, 'a cookie carried to another group begins afresh');
# An edited cookie; one with a checksum of its own, which is the server's hash of the text before it.
sub edited
{
	my ($edit) = @_;

	return 'c2:' . encode_base64url($edit->(decode_base64url(substr $cookie, 3)));
}
sub forged
{
	my ($edit) = @_;
	my $text = decode_base64url(substr $cookie, 3);

	$text =~ s/,"sum":"[0-9a-f]{16}"\}$// or die $text;
	$text = $edit->($text);
	my $file = $node->basedir . '/cookie';
	append_to_file($file, '');
	open my $out, '>', $file or die;
	print $out $text;
	close $out;
	chmod 0644, $file;
	my $sum = $node->safe_psql('postgres', qq{SELECT lpad(to_hex(hashtextextended(pg_read_file('$file'), 0)), 16, '0')});
	return 'c2:' . encode_base64url(qq{$text,"sum":"$sum"\}});
}
sub pulls_by
{
	my ($forged, $outcome, $name, $role) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $started = time;
	harmless($role // 'ann', q{SELECT status, body FROM plasma.http('POST', '/pull', } . request(clientGroupID => 'of ann', cookie => $forged) . ');', $outcome, $name);
	cmp_ok(time - $started, '<', 10, '... in no time');
}
my $reset = qr/^200\|.*\[\{"op":"clear"\}/;
my $malformed = qr/^400\|.*not a cookie of plasma/;
pulls_by(forged(sub { $_[0] }), qr/^200\|.*"patch":\[\]/, 'the checksum is made as the server makes it');
pulls_by(edited(sub { $_[0] =~ s/"order":1/"order":2/r }), $malformed, 'an edited cookie');
pulls_by($_, $malformed, 'no cookie: ' . substr $_, 0, 20) for '', 'c2:', 'c2', 'c1:' . substr($cookie, 3), "$cookie=", "$cookie ", 'c2:' . 'A' x 1000, 'c2:\';DROP TABLE notes;--', "c2:\x{e9}";
pulls_by(forged(sub { $_[0] =~ s/"db":\d+/"db":1/r }), $reset, 'the cookie of another database');
pulls_by(forged(sub { $_[0] =~ s/"sys":"\d+"/"sys":"1"/r }), $reset, 'the cookie of another cluster');
pulls_by(forged(sub { $_[0] =~ s/"epoch":"[^"]*"/"epoch":"'; SELECT 1; --"/r }), $reset, 'SQL for an epoch');
pulls_by(forged(sub { $_[0] =~ s/"who":"[^"]*"/"who":"0000000000000000"/r }), $reset, 'the cookie of another identity');
pulls_by(forged(sub { $_[0] =~ s/"seen":"[^"]*"/"seen":"1:1:"/r }), qr/^200\|(?!.*"id":"(?:hidden|b1|w1)","value")/, 'a cookie that has seen nothing');
pulls_by(forged(sub { $_[0] =~ s/"seen":"[^"]*"/"seen":"3:9000000000000000000:"/r }), qr/^[24]00\|/, 'a cookie from the future');
pulls_by(forged(sub { $_[0] =~ s/"lsn":\d+/"lsn":9000000000000000000/r }), qr/^200\|/, 'a position beyond the log');
pulls_by(forged(sub { my $text = $_[0]; $text =~ s/"seen":"[^"]*"/"seen":"$_"/r }), qr/^(?:400|200)\|/, "a snapshot that is none: $_") for '1:0:', '-1:5:', '5:6:5,5', '5:9:8,7', "1:2:1'", '1:99999999999999999999:';
pulls_by(forged(sub { $_[0] =~ s/"$_":\d+/"$_":-1/r }), qr/^400\|/, "negative $_") for qw(order at db lsn tl from);
pulls_by(forged(sub { $_[0] =~ s/"tables":\{/"tables":{"pg_authid":[1,0,"x"],"plasma.changes":[1,0,"x"],"notes; DROP TABLE notes":[1,0,"x"],/r }), qr/^200\|(?!.*"op":"put")/, 'tables that are none');
pulls_by(forged(sub { $_[0] =~ s/"notes":\[1,0,"[0-9a-f]*"\]/"notes":[1,0,"0"]/r }), qr/^200\|.*\{"op":"clear","table":"notes"\}.*"id":"a1"(?!.*hidden)/, 'another hash of a table');
pulls_by(forged(sub { $_[0] =~ s/"notes":\[1,/"notes":[999999,/r }), qr/^200\|(?!.*hidden)/, 'a generation that is yet to come');
for my $key (q{' OR true; --}, q{') OR (SELECT true); --}, 'zzz', '', '["a"]', "\x{1F600}", '$1', 'x' x 9000)
{
	my $quoted = $json->encode($key);
	my $shown = substr($key, 0, 20) =~ s/[^ -~]/?/gr;
	pulls_by(forged(sub { $_[0] =~ s/"fetch":\{\}/"fetch":{"notes":$quoted}/r }), qr/^200\|(?!.*hidden)/, "a last key of notes: $shown");
	pulls_by(forged(sub { $_[0] =~ s/"fetch":\{\}/"fetch":{"counts":$quoted}/r }), qr/^200\|(?!.*hidden)/, "a last key of counts: $shown");
}
pulls_by(forged(sub { my $nested = '[' x 5000 . ']' x 5000; $_[0] =~ s/"fetch":\{\}/"fetch":$nested/r }), $malformed, 'a deeply nested cookie');
pulls_by(forged(sub { my $tables = join ',', map { qq{"t$_":[1,0,""]} } 1 .. 20000; my $fetch = join ',', map { qq{"$_":0} } 1 .. 20000; $_[0] =~ s/"tables":\{/"tables":{$tables,/r =~ s/"fetch":\{\}/"fetch":{$fetch}/r }), $malformed, '20000 tables');
pulls_by(forged(sub { my $running = join ',', map { 999 + $_ } 1 .. 60000; $_[0] =~ s/"seen":"[^"]*"/"seen":"1000:900000:$running"/r }), qr/^200\|/, '60000 running transactions');
pulls_by('c2:' . 'A' x 1_000_000, $malformed, 'a cookie of a megabyte');

# What clients may name, in every place of a request.
my @names = ("'; DROP TABLE notes; --", '"; DROP TABLE notes; --', '$$; SELECT 1; $$', 'a\\\'b', "new\nline", "tab\t", "\x{202e}\x{1F600}\x{0301}", '%s%n%1$s', '{}', 'x' x 255, '../../etc/passwd', "\x{feff}", '$1', '{"a":1}');
for my $name (@names)
{
	my $shown = $name =~ s/[^ -~]/?/gr;
	my %mutation = (id => 1, name => 'addNote', args => { id => "by ann $shown", title => $name });

	harmless('ann', 'SELECT plasma.push(' . request(clientGroupID => $name, clientID => $name, mutations => [ \%mutation ]) . ');', qr/"status":"ok"/, "a group and a client are called $shown");
	harmless('ann', pull_of(undef, clientGroupID => $name, clientID => $name), qr/"lastMutationIDs":\{".+":1\}/, "and pull");
	harmless('ann', 'SELECT plasma.push(' . request(mutations => [ { id => 1, name => $name } ]) . ');', qr/"code":"42883","message":"mutator/, "a mutation is called $shown");
	harmless('ann', 'SELECT plasma.push(' . request(schemaVersion => $name, mutations => [ \%mutation ]) . ');', qr/ERROR:  PL003: schema mismatch/, "a version is called $shown");
	harmless('ann', 'SELECT plasma.push(' . request(clientGroupID => "args $shown" =~ s/x{99,}//r, mutations => [ { %mutation, args => { $name => 1, id => 'x', title => 'x' } } ]) . ');', qr/"code":"22023","message":"mutator \\"addNote\\" has no parameter/, "an argument is called $shown");
	harmless('ann', 'SELECT plasma.push(' . request($name => 1, mutations => [ \%mutation ]) . ');', qr/ERROR:  PL005: .* is not a key of this request/, "a key of the request is called $shown");
	harmless('ann', 'SELECT status FROM plasma.http(' . join(', ', map { literal($_) } 'POST', "/$name/push", '{}') . ');', qr/^400$/m, "a prefix is called $shown");
	harmless('ann', 'SELECT status FROM plasma.http(' . join(', ', map { literal($_) } $name, '/push', '{}') . ');', qr/^405$/m, "a method is called $shown");
	harmless('ann', 'SELECT status FROM plasma.http(' . join(', ', map { literal($_) } 'GET', "/pull?$name=$name", '') . ');', qr/^400$/m, "a parameter is called $shown");
}
is($node->safe_psql('postgres', q{SELECT count(*) FROM public.notes WHERE id LIKE 'by ann %'}), @names - 0, 'each note came as it was sent');
my %odd = (
	'a byte of zero' => '{"protocolVersion":1,"schemaVersion":"v1","clientGroupID":"g\\u0000","clientID":"c","cookie":null}',
	'half a surrogate' => '{"protocolVersion":1,"schemaVersion":"v1","clientGroupID":"g\\ud800","clientID":"c","cookie":null}',
	'a key twice' => '{"protocolVersion":1,"schemaVersion":"v1","clientGroupID":"of bob","clientGroupID":{},"clientID":"c","cookie":null}',
	'no object' => '[1]', 'no JSON' => '{"a":', 'nothing' => '', 'a number' => '1', 'arrays without end' => '[' x 100_000,
	'objects without end' => '{"a":' x 100_000, 'a name of a megabyte' => '{"protocolVersion":1,"schemaVersion":"v1","clientID":"c","cookie":null,"clientGroupID":"' . 'x' x 1_000_000 . '"}',
	'a version of the protocol that is text' => '{"protocolVersion":"1","schemaVersion":"v1","clientGroupID":"g","clientID":"c","cookie":null}',
	'a hundred thousand keys' => '{' . join(',', map { qq{"k$_":1} } 1 .. 90_000) . '}');
for my $what (sort keys %odd)
{
	my $started = time;
	harmless('ann', "SELECT status FROM plasma.http('POST', '/pull', " . literal($odd{$what}) . ');', qr/^400$/m, "$what in a pull");
	harmless('ann', "SELECT status FROM plasma.http('POST', '/push', " . literal($odd{$what}) . ');', qr/^400$/m, "$what in a push");
	cmp_ok(time - $started, '<', 10, '... in no time');
}
refused('ann', q{SELECT status FROM plasma.http('POST', '/pull', '{}', '[]');} . ' SELECT 1/0;', '22012', 'headers that are no object are answered');

# Requests that cost much.
sub http_push
{
	my (%request) = @_;

	return q{SELECT status, left(body, 400) FROM plasma.http('POST', '/push', } . request(clientGroupID => 'costly', %request) . ');';
}
harmless('ann', http_push(mutations => [ map { { id => $_, name => 'addJob', args => {} } } 1 .. 201 ]), qr/^413\|.*201 mutations in one push/, '201 mutations');
harmless('ann', http_push(mutations => [ { id => 1, name => 'addJob', args => { id => 'x' x (1024 * 1024) } } ]), qr/^413\|/, 'a body of more than a megabyte');
harmless('ann', http_push(mutations => [ map { { id => 1, clientID => "tab $_", name => 'no such', args => {} } } 1 .. 200 ]), qr/^200\|/, 'two hundred clients at once');
harmless('ann', http_push(mutations => [ map { { id => 7, clientID => "late tab $_", name => 'no such', args => {} } } 1 .. 200 ]), qr/^200\|.*out-of-order/, 'two hundred clients that nobody knows');
is($node->safe_psql('postgres', q{SELECT count(*) FROM plasma.client_mutations WHERE client_id LIKE 'late tab %'}), '0', '... of which nothing is kept');
harmless('ann', pull_of(undef, limit => 1_000_000_000), qr/"id":"a1"/, 'a limit of a thousand millions');
refused('ann', pull_of(undef, limit => $_), 'PL005: \$.limit must be an integer', "a limit of $_") for 0, -1, '1e30', 1.5;
my $numbers = '[' . join(',', ('1e131071') x 50_000) . ']';
for my $case ([ 'addJob', qq{{"id": "n", "what": $numbers}} ], [ 'addNote', '{"id": "n", "title": 1e131071}' ], [ 'addNote', '{"id": "n", "title": -1e-16000}' ], [ 'addNote', '{"id": "n", "title": 1e400}' ])
{
	my ($mutator, $args) = @$case;
	my $started = time;
	my $text = qq({"protocolVersion":1,"schemaVersion":"v1","clientGroupID":"numbers $mutator","clientID":"$started","mutations":[{"id":1,"name":"$mutator","args":$args}]});
	harmless('ann', "SELECT status, left(body, 400) FROM plasma.http('POST', '/push', " . literal($text) . ');', qr/^200\|.*"22003","message":"the args of mutator .* hold a number of more than 400 digits"/, 'numbers that are short in JSON and long elsewhere, by ' . $mutator);
	cmp_ok(time - $started, '<', 10, '... in no time');
}
harmless('ann', push_of(undef, 'addNote', { id => 'by ann', title => 1.7976931348623157e308 }), qr/"status":"ok"/, 'the largest double is let through');
{
	my $started = time;
	harmless('ann', 'SELECT status, body FROM plasma.http(\'GET\', ' . literal('/pull?' . join('&', map { "k$_=" } 1 .. 100_000)) . ', NULL);', qr/^400\|.*more than 32 parameters/, 'a hundred thousand parameters');
	cmp_ok(time - $started, '<', 10, '... in no time');
}
$node->safe_psql('postgres', q{CREATE FUNCTION public.endless(args jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN LOOP NULL; END LOOP; END $$;
	SELECT plasma.register_mutator('endless', 'public.endless(jsonb)')});
harmless('ann', push_of(undef, 'endless', {}) . push_of(undef, 'addNote', { id => 'by ann after', title => 'x' }), qr/54000.*longer than plasma.mutation_timeout.*\n.*"status":"ok"/s, 'a mutation without end');
harmless('ann', "SET statement_timeout = '200ms'; SET plasma.mutation_timeout = 0; " . push_of(undef, 'endless', {}) . push_of(undef, 'addNote', { id => 'by ann then', title => 'x' }), qr/"status":"ok".*57014: canceling statement due to statement timeout/s, 'a mutation without end, under statement_timeout');

is($node->safe_psql('postgres', q{SELECT string_agg(id, ' ' ORDER BY id) FROM public.notes WHERE owner <> 'ann'}), 'b1 hidden w1', 'what others wrote is as it was');

done_testing();
