#!/usr/bin/env bash
#
# The table of all figures, with the machine that they are of.

set -euo pipefail
# shellcheck source=test/bench/lib/measure.bash
. "$(dirname "$0")/lib/measure.bash"

model=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
memory=$(awk '/^MemTotal/ {printf "%.0f GB", $2 / 1024 / 1024}' /proc/meminfo)
version=$(value "SELECT split_part(version(), ' ', 2) || ', fsync=' || current_setting('fsync')
	|| ', shared_buffers=' || current_setting('shared_buffers')")

printf '\n%s, %s cores, %s, PostgreSQL %s; medians of alternate runs.\n\n' \
	"$model" "$(nproc)" "$memory" "$version"
printf '| figure | plasma | baseline | ratio | target | met |\n|---|--:|--:|--:|--:|---|\n'
cat "$rows"
