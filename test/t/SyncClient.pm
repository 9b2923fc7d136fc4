# A client of plasma in Perl: pulls page by page, applies each patch in order, and
# can tell in what it differs from a table.
package SyncClient;
use strict;
use warnings;

use JSON::PP;
use MIME::Base64 qw(decode_base64url);

my $json = JSON::PP->new->canonical->allow_nonref->allow_blessed;

# Options: version (of the schema), limit, setup (SQL that comes before each call).
sub new
{
	my ($class, $name, %options) = @_;

	return bless {
		version => 'v1', limit => 100, setup => '', %options,
		name => $name, cookie => undef, tables => {}, ids => {}, resets => 0
	}, $class;
}

# The statement that makes a request.
sub statement
{
	my ($self, $function, %request) = @_;
	my $body = $json->encode({
		protocolVersion => 1, schemaVersion => $self->{version},
		clientGroupID => "group of $self->{name}", clientID => $self->{name}, %request });

	return "$self->{setup} SELECT plasma.$function(\$request\$$body\$request\$);";
}

sub _call
{
	my ($self, $function, $node, $database, %request) = @_;

	return $json->decode($node->safe_psql($database // 'postgres', $self->statement($function, %request)));
}

sub _apply
{
	my ($self, $operation) = @_;
	my ($op, $table, $id) = @$operation{qw(op table id)};

	if ($op eq 'put')
	{
		$self->{tables}{$table}{$id} = $operation->{value};
	}
	elsif ($op eq 'del')
	{
		delete $self->{tables}{$table}{$id};
	}
	elsif (defined $operation->{where})
	{
		my ($rows, $where) = ($self->{tables}{$table} // {}, $operation->{where});

		foreach my $row_id (keys %$rows)
		{
			delete $rows->{$row_id}
				unless grep { $json->encode($rows->{$row_id}{$_}) ne $json->encode($where->{$_}) } keys %$where;
		}
	}
	elsif (defined $table)
	{
		delete $self->{tables}{$table};
	}
	else
	{
		$self->{tables} = {};
		$self->{resets}++;
	}
	return;
}

sub pull_statement
{
	my $self = shift;

	return $self->statement('pull', cookie => $self->{cookie}, limit => $self->{limit});
}

# Applies a page. Returns its operations, short: "put todos t1".
sub take_page
{
	my ($self, $text) = @_;
	my $answer = $json->decode($text);

	$self->_apply($_) foreach @{ $answer->{patch} };
	$self->{cookie} = $answer->{cookie};
	$self->{more} = $answer->{hasMore};
	$self->{ids} = { %{ $self->{ids} }, %{ $answer->{lastMutationIDs} // {} } };
	return map { join ' ', grep { defined } @$_{qw(op table id)} } @{ $answer->{patch} };
}

sub pull_page
{
	my ($self, $node, $database) = @_;

	return $self->take_page($node->safe_psql($database // 'postgres', $self->pull_statement));
}

# A pull of one page that may have to wait, in a session of its own.
sub start_pull
{
	my ($self, $node) = @_;

	$self->{session} = $node->background_psql('postgres');
	$self->{session}->query_until(qr/^asked$/m, "\\echo asked\n" . $self->pull_statement . "\n");
	return;
}

sub finish_pull
{
	my $self = shift;
	my $answer = $self->{session}->query_safe('');

	$self->{session}->quit;
	return $self->take_page($answer);
}

# What the cookie says under a key.
sub cookie_field
{
	my ($self, $key) = @_;

	return $json->decode(decode_base64url(substr $self->{cookie}, 3))->{$key};
}

sub pull
{
	my ($self, $node, $database) = @_;
	my @operations;

	do
	{
		push @operations, $self->pull_page($node, $database);
	} while ($self->{more});
	return @operations;
}

# Pushes mutations ([name, args], …) under the ids that are next; the statuses.
sub push_mutations
{
	my ($self, $node, $database, @mutations) = @_;
	my $answer = $self->_call('push', $node, $database,
		mutations => [ map { { id => ++$self->{last_id}, name => $_->[0], args => $_->[1] } } @mutations ]);

	return map { $_->{status} } @{ $answer->{results} };
}

# The rows in which the client and the table differ, or the part of the table that
# the client should have; empty when all is well.
sub differences
{
	my ($self, $node, $table, $database, $condition) = @_;
	my $live = $json->decode($node->safe_psql($database // 'postgres',
			"SELECT coalesce(json_object_agg(id, to_json(t)), '{}') FROM $table t WHERE " . ($condition // 'true')));
	my $held = $self->{tables}{$table} // {};
	my %ids = (%$live, %$held);

	return grep { $json->encode($live->{$_}) ne $json->encode($held->{$_}) } sort keys %ids;
}

1;
