# shellcheck shell=bash
#
# lib.sh
#		What demo, check, fuzz, torture, visibility, bench and cluster share.  Sourced, never run.
#
# In: a clone of plasma, anywhere, readable by whoever typed the command.  Out:
# a copy of it in a scratch folder, built there, and a PostgreSQL of its own that
# finds the build without its being installed, where the server allows that.
#
# Two users: the one who typed the command, and the one that PostgreSQL runs as.
# They are the same, unless the first is root, whom PostgreSQL refuses: then the
# scratch folder is given to the user postgres, and all but the set-up runs as it.
#
# Invariant: when the script ends, however it ends, no process of it runs and the
# scratch folder is gone.

# Nothing of the caller's environment may lead to another server, another make.
for name in "${!PG@}" "${!MAKE@}"; do
	[ "$name" = PG_CONFIG ] || unset "$name"
done
unset name MFLAGS CDPATH BASH_ENV ENV PERL5OPT PSQLRC NODE_OPTIONS
export LANG=C.UTF-8 LC_ALL=C.UTF-8	# PostgreSQL's Perl modules drop the second
umask 022

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
me=${0##*/}
# shellcheck disable=SC2034 # read by check
caller_home=${HOME:-/}
scratch=
running=

say()
{
	printf '%s\n' "$*"
}

die()
{
	printf '%s: %s\n' "$me" "$*" >&2
	exit 1
}

is_root()
{
	[ "$(id -u)" -eq 0 ]
}

# For the few things that only root may do.  Without a terminal sudo must not ask.
as_root()
{
	if is_root; then
		"$@"
	elif ! command -v sudo >/dev/null; then
		die "this needs root, and there is no sudo: $*"
	elif [ -t 0 ]; then
		sudo "$@"
	else
		sudo -n "$@" || die "failed by sudo, which has no terminal here to ask for a password: $*"
	fi
}

# The user that PostgreSQL runs as.
server_user()
{
	if ! is_root; then
		id -un
	elif id postgres >/dev/null 2>&1; then
		echo postgres
	else
		echo nobody
	fi
}

# setpriv, unlike su and runuser, stays out of the way: no shell, no session, the
# same process, so that a signal reaches whom it is meant for.
as_server()
{
	local user
	if is_root; then
		user=$(server_user)
		setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups -- "$@"
	else
		"$@"
	fi
}

# Runs a command in a process group of its own and waits for it, so that a signal
# to this script is served at once and reaches all that the command started.
run()
{
	local status=0
	set -m
	"$@" </dev/null &
	running=$!
	set +m
	wait "$running" || status=$?
	running=
	return "$status"
}

# Sets PG_CONFIG to one that leads to a server with its headers: the given one,
# or the first in PATH, or the newest of Debian's.  Fails where there is none.
find_pg_config()
{
	local candidate
	if [ -n "${PG_CONFIG:-}" ]; then
		command -v "$PG_CONFIG" >/dev/null || die "PG_CONFIG=$PG_CONFIG is no program"
		PG_CONFIG=$(command -v "$PG_CONFIG")
		export PG_CONFIG
		return 0
	fi
	while read -r candidate; do
		if has_server "$candidate"; then
			export PG_CONFIG=$candidate
			return 0
		fi
	done < <(command -v pg_config; printf '%s\n' /usr/lib/postgresql/*/bin/pg_config | sort -t / -k 5,5nr)
	return 1
}

has_server()
{
	[ -x "$1" ] && [ -f "$("$1" --pgxs)" ] && [ -x "$("$1" --bindir)/initdb" ]
}

# The server's number, 15 for "PostgreSQL 15.20 (Debian …)".
pg_major()
{
	"$PG_CONFIG" --version | sed 's/^[^0-9]*\([0-9]*\).*/\1/'
}

# A folder for temporary files that the server's user can reach, from which a
# library can be loaded, and whose name upsets neither make nor a configuration.
scratch_base()
{
	local base
	for base in "${TMPDIR:-/tmp}" /tmp /var/tmp; do
		case $base in
			/*) ;;
			*) continue ;;
		esac
		if [[ $base != *[!A-Za-z0-9._/-]* ]] && [ -w "$base" ] && [ "${#base}" -le 40 ] &&
			as_server test -x "$base" && ! is_noexec "$base"; then
			printf '%s\n' "${base%/}"
			return
		fi
	done
	die "no folder for temporary files: tried TMPDIR, /tmp and /var/tmp"
}

is_noexec()
{
	[[ ,$(findmnt -no OPTIONS -T "$1" 2>/dev/null), == *,noexec,* ]]
}

# Makes $scratch, with a copy of the sources in $scratch/src, and sees to its end.
scratch_open()
{
	scratch=$(mktemp -d "$(scratch_base)/plasma.XXXXXX")
	trap scratch_close EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	mkdir "$scratch/src" "$scratch/home" "$scratch/tmp" "$scratch/sock" "$scratch/log"
	tar -C "$root" --anchored \
		--exclude=./.git --exclude=./sql_built --exclude=./results --exclude=./regression.\* \
		--exclude=./output_iso --exclude=./tmp_check --exclude=./log \
		--no-anchored --exclude=node_modules --exclude=\*.o --exclude=\*.bc --exclude=\*.so \
		-cf - . | tar -C "$scratch/src" --no-same-owner --no-same-permissions -xf -
	chmod -R u+rwX,go+rX "$scratch"
	export TMPDIR=$scratch/tmp HOME=$scratch/home
	if is_root; then
		chown -R "$(server_user):" "$scratch"
	else
		chmod 700 "$scratch"
	fi
	cd "$scratch/src" || exit
}

scratch_close()
{
	local status=$?
	trap - EXIT
	trap '' HUP INT TERM
	if [ -n "$running" ]; then
		kill -TERM -- "-$running" 2>/dev/null || true
	fi
	cd /
	stop_servers
	rm -rf -- "$scratch"
	conclude "$status"
}

# The last act; a script may have one of its own.
conclude()
{
	exit "$1"
}

# Stops each server whose data lie in the scratch folder, by its process id.  A
# crash test may leave a file with an old id, which by now may be anybody's.
stop_servers()
{
	local file pid try
	while read -r file; do
		pid=$(head -n 1 "$file" 2>/dev/null) || continue
		for try in QUIT '' '' '' '' '' '' '' '' '' '' '' '' '' KILL; do
			[ "$(readlink "/proc/$pid/cwd")" = "${file%/*}" ] || break
			[ -z "$try" ] || kill "-$try" "$pid" 2>/dev/null || true
			sleep 0.2
		done
	done < <(find "$scratch" -name postmaster.pid 2>/dev/null)
}

# Builds the copy and puts the result where the server will look.  Arguments go to make.
build()
{
	local make=(make -s PG_CONFIG="$PG_CONFIG" "$@")
	run as_server "${make[@]}" -j"$(nproc)" all || return
	if destination >/dev/null; then
		run as_server "${make[@]}" install DESTDIR="$(destination)"
		return
	fi
	say "This server finds extensions only in its own folders: plasma is installed there."
	if [ -w "$("$PG_CONFIG" --pkglibdir)" ]; then
		"${make[@]}" install
	else
		as_root "${make[@]}" -C "$scratch/src" install
	fi
}

# The root of the staged installation, where the server can be told to look there:
# 18 by its own settings, Debian's older ones by extension_destdir.
destination()
{
	[ "$(pg_major)" -ge 18 ] || has_destdir || return 1
	printf '%s\n' "$scratch/stage"
}

has_destdir()
{
	"$("$PG_CONFIG" --bindir)/postgres" --describe-config 2>/dev/null | grep '^extension_destdir	' >/dev/null
}

# Settings that any server of these tests needs; TEMP_CONFIG hands them to the
# servers that TAP tests make.
server_settings()
{
	local stage
	cat <<-EOF
		listen_addresses = ''
		unix_socket_permissions = 0700
		fsync = off
		timezone = 'Etc/UTC'
		log_timezone = 'Etc/UTC'
	EOF
	if stage=$(destination); then
		if has_destdir; then
			printf "extension_destdir = '%s'\n" "$stage"
		else
			printf "extension_control_path = '%s:\$system'\n" "$stage$("$PG_CONFIG" --sharedir)"
			printf "dynamic_library_path = '%s:\$libdir'\n" "$stage$("$PG_CONFIG" --pkglibdir)"
		fi
	fi
}

# Makes and starts the cluster.  Arguments are settings, name=value each.
cluster_start()
{
	local bindir setting
	bindir=$("$PG_CONFIG" --bindir)
	server_settings >"$scratch/settings.conf"
	as_server "$bindir/initdb" -D "$scratch/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync \
		>"$scratch/log/initdb" 2>&1 || { cat "$scratch/log/initdb" >&2; die "initdb failed"; }
	{
		cat "$scratch/settings.conf"
		printf "unix_socket_directories = '%s'\n" "$scratch/sock"
		for setting; do
			printf "%s = '%s'\n" "${setting%%=*}" "${setting#*=}"
		done
	} >>"$scratch/data/postgresql.conf"
	as_server "$bindir/pg_ctl" -D "$scratch/data" -l "$scratch/log/server" -s -w start </dev/null ||
		{ cat "$scratch/log/server" >&2; die "the server does not start"; }
	export PATH=$bindir:$PATH PGHOST=$scratch/sock PGPORT=5432 PGUSER=postgres PGDATABASE=postgres
}

# Arguments as test/fuzz/run wants them; it brings its own build and its own server.
fuzz_run()
{
	local stage=
	stage=$(destination) || true
	server_settings >"$scratch/fuzz.conf"
	run as_server env -u PGHOST -u PGPORT -u PGUSER -u PGDATABASE \
		STAGE="$stage" SETTINGS="$scratch/fuzz.conf" test/fuzz/run "$@"
}

# The example's modules come by the caller's own npm, into the copy.
example_modules()
{
	[ ! -d examples/node_modules ] || return 0
	HOME=$caller_home npm --prefix examples ci --ignore-scripts --no-audit --no-fund --loglevel=error || return
	! is_root || chown -R "$(server_user):" examples
}

# Its servers are its own: they are told where plasma lies, and nothing of ours.
torture_test()
{
	as_server env -u PGHOST -u PGPORT -u PGUSER -u PGDATABASE TEMP_CONFIG="$scratch/settings.conf" \
		node test/torture/run.mjs "$@"
}

# Wants a server that allows prepared transactions, and finds it by the environment.
visibility_test()
{
	as_server node test/visibility/run.mjs "$@"
}
