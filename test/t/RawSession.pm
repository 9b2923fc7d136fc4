# A connection that speaks PostgreSQL's protocol itself. Unlike psql it can be left
# at any point, knows the process that serves it, and many can be waited for at
# once. It has safe_psql, so a SyncClient may be given one in place of a node.
package RawSession;
use strict;
use warnings;

use IO::Select;
use IO::Socket::UNIX;
use PostgreSQL::Test::Utils;

$SIG{PIPE} = 'IGNORE';

sub _connect
{
	my $path = shift;

	return IO::Socket::UNIX->new(Peer => $path) || die "no server at $path: $!\n";
}

# Options: settings ("-c work_mem=1MB"), database. Dies where the server takes no
# connection.
sub new
{
	my ($class, $node, %options) = @_;
	my $path = $node->host . '/.s.PGSQL.' . $node->port;
	my $self = bless { path => $path, socket => _connect($path), buffer => '', answer => {} }, $class;
	my $startup = pack 'N (Z*)*', 196608, user => $ENV{PGUSER} // scalar(getpwuid $<),
	  database => $options{database} // 'postgres', options => $options{settings} // '', '';

	$self->_send(pack('N', 4 + length $startup) . $startup);
	my $answer = $self->wait_answer;
	die "no session: $answer->{message}\n" if $answer->{lost};
	return $self;
}

sub _send
{
	my ($self, $bytes) = @_;

	$self->{socket}->syswrite($bytes);
	return;
}

sub socket { return $_[0]{socket} }

# The process that serves this session.
sub pid { return $_[0]{pid} }

# Sends statements without waiting for what comes of them.
sub start
{
	my ($self, $sql) = @_;
	my $text = $sql;

	utf8::encode($text) if utf8::is_utf8($text);
	$self->{answer} = { rows => [] };
	$self->_send('Q' . pack('N', 5 + length $text) . "$text\0");
	return;
}

# Sends the first half of a message.
sub start_part
{
	my ($self, $sql) = @_;

	$self->_send(substr 'Q' . pack('N', 5 + length $sql) . $sql, 0, length($sql) / 2);
	return;
}

my %handlers = (
	K => sub { @{ $_[0] }{qw(pid key)} = unpack 'N N', $_[1] },
	D => sub {
		my ($self, $body) = @_;
		my ($count, @columns) = (unpack('n', $body));
		my $at = 2;

		for (1 .. $count)
		{
			my $length = unpack 'l>', substr $body, $at, 4;

			push @columns, $length < 0 ? undef : substr $body, $at + 4, $length;
			$at += 4 + ($length < 0 ? 0 : $length);
		}
		push @{ $self->{answer}{rows} }, \@columns;
	},
	C => sub { $_[0]{answer}{done}++ },
	E => sub {
		my ($self, $body) = @_;
		my %fields = map { /^(.)(.*)/s ? ($1, $2) : () } split /\0/, $body;

		@{ $self->{answer} }{qw(code message)} = @fields{qw(C M)};
	},
	Z => sub { $_[0]{answer}{ready} = 1 });

# Reads what has come; the answer, once it is whole or the connection is gone:
# rows, done (how many statements), code and message of an error, lost.
sub take
{
	my $self = shift;
	my $answer = $self->{answer};
	my $got = $self->{socket}->sysread($self->{buffer}, 65536, length $self->{buffer});

	while ($self->{buffer} =~ /^(.)(.{4})/s)
	{
		my ($type, $length) = ($1, unpack 'N', $2);

		last if length $self->{buffer} < 1 + $length;
		my $body = substr $self->{buffer}, 5, $length - 4;
		substr $self->{buffer}, 0, 1 + $length, '';
		$handlers{$type}->($self, $body) if $handlers{$type};
	}
	$answer->{lost} = 1 unless $got;
	return $answer->{ready} || $answer->{lost} ? $answer : undef;
}

sub wait_answer
{
	my $self = shift;
	my $select = IO::Select->new($self->{socket});
	my $answer;

	do
	{
		$select->can_read($PostgreSQL::Test::Utils::timeout_default) or die "no answer\n";
		$answer = $self->take;
	} until $answer;
	return $answer;
}

sub query
{
	my ($self, $sql) = @_;

	$self->start($sql);
	return $self->wait_answer;
}

# Asks, as a client does, that what runs be cancelled; the server hangs up then.
sub cancel
{
	my $self = shift;
	my $socket = _connect($self->{path});

	$socket->syswrite(pack 'N4', 16, 80877102, @$self{qw(pid key)});
	$socket->sysread(my $nothing, 1);
	return;
}

# Goes away without a word.
sub cut
{
	my $self = shift;

	close $self->{socket};
	return;
}

# As the function of a node; the database is the session's.
sub safe_psql
{
	my ($self, undef, $sql) = @_;
	my $answer = $self->query($sql);

	die "$answer->{code}: $answer->{message}\n" if $answer->{code};
	die "the connection is lost\n" if $answer->{lost};
	return join "\n", map { join '|', map { $_ // '' } @$_ } @{ $answer->{rows} };
}

1;
