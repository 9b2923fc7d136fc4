# shellcheck shell=bash
#
# measure.bash
#		What the benchmarks share.  Sourced by each of them.
#
# A figure is measured beside its baseline, alternately, several times in the same
# run, and its medians make a row of the table.  The rows are gathered in a file,
# which the last script prints.

here=$(cd "$(dirname "${BASH_SOURCE[1]}")" && pwd -P)
rows=${BENCH_ROWS:-${TMPDIR:-/tmp}/bench.rows}

sql()
{
	psql -XAtq -v ON_ERROR_STOP=1 "$@"
}

# The value of one query, in the database of the run or in another one.
value()
{
	sql -c "$1" ${2:+-d "$2"}
}

# Microseconds since some moment.
now()
{
	printf '%s\n' "${EPOCHREALTIME//[.,]/}"
}

# Runs a command and prints how many milliseconds it took.
time_ms()
{
	local start end
	start=$(now)
	"$@" >/dev/null
	end=$(now)
	awk "BEGIN {printf \"%.1f\n\", ($end - $start) / 1000}"
}

# The median of the numbers on the input, one a line.
median()
{
	sort -g | awk '{v[NR] = $1} END {print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2}'
}

# The least, the median and the most of the numbers on the input.
spread()
{
	sort -g | awk '{v[NR] = $1} END {print v[1], v[int((NR + 1) / 2)], v[NR]}'
}

calc()
{
	awk "BEGIN {printf \"%.${2:-2}f\n\", $1}"
}

# row NAME PLASMA BASELINE FIGURE TARGET [UNIT]: the figure, a ratio unless a unit
# is given, must not be above the target; with "-" it has none.
row()
{
	local unit=${6:-×} met=- target=-
	if [ "$5" != - ]; then
		target="≤ $5$unit"
		met=$(awk "BEGIN {print ($4 <= $5) ? \"yes\" : \"missed\"}")
	fi
	printf '| %s | %s | %s | %s%s | %s | %s |\n' "$1" "$2" "$3" "$4" "$unit" "$target" "$met" |
		tee -a "$rows"
}
