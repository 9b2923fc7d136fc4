/*
 * timeline.c
 *		Where this server is in the write-ahead log, and whether it has been at a
 *		position that another server, or this one in its past, has told of.
 *
 *		A pull compares log positions of servers that replicate from each other.
 *		Two ways of naming one place must not differ then, so that the position
 *		behind the last record is always told as replay tells it.
 */
#include "postgres.h"

#include "access/timeline.h"
#include "access/xlog.h"
#include "access/xlog_internal.h"
#include "access/xlogrecovery.h"
#include "log/timeline.h"
#include "utils/memutils.h"

/* The history of one timeline, which never changes once it is there. */
static List *history = NIL;
static TimeLineID history_of = 0;

/*
 * The server's name for the place of the next record lies behind the header of
 * the page, if that is where it begins; that of the end of the last one does not.
 * An idle server would seem to be ahead of all that have replayed all it wrote.
 */
static XLogRecPtr
end_of_last_record(XLogRecPtr next)
{
	uint64		in_segment = XLogSegmentOffset(next, wal_segment_size);

	if (in_segment == SizeOfXLogLongPHD)
		return next - SizeOfXLogLongPHD;
	if (in_segment % XLOG_BLCKSZ == SizeOfXLogShortPHD)
		return next - SizeOfXLogShortPHD;
	return next;
}

/*
 * The pieces of log that lead to the end of a timeline, newest first.  Without
 * the file that tells them it is that timeline alone, as if it had no begin.
 */
static List *
history_to(TimeLineID timeline)
{
	MemoryContext old;

	if (history_of == timeline)
		return history;
	list_free_deep(history);
	history = NIL;
	history_of = 0;
	old = MemoryContextSwitchTo(TopMemoryContext);
	history = readTimeLineHistory(timeline);
	MemoryContextSwitchTo(old);
	if (timeline == 1 || list_length(history) > 1)
		history_of = timeline;
	return history;
}

static const TimeLineHistoryEntry *
find_piece(List *pieces, TimeLineID timeline)
{
	ListCell   *cell;

	foreach(cell, pieces)
	{
		const TimeLineHistoryEntry *piece = lfirst(cell);

		if (piece->tli == timeline)
			return piece;
	}
	return NULL;
}

static WalPosition
position_at(XLogRecPtr lsn, TimeLineID timeline)
{
	WalPosition position = {.timeline = timeline, .lsn = lsn};

	if (timeline > 1)
		position.begin = find_piece(history_to(timeline), timeline)->begin;
	return position;
}

static WalPosition
written(void)
{
	return position_at(end_of_last_record(GetXLogInsertRecPtr()),
					   GetWALInsertionTimeLine());
}

WalPlace
plasma_timeline_place(void)
{
	WalPlace	place = {.recovering = RecoveryInProgress()};
	TimeLineID	timeline;
	XLogRecPtr	replayed;

	if (!place.recovering)
		place.position = written();
	else
	{
		replayed = GetXLogReplayRecPtr(&timeline);
		place.position = position_at(replayed, timeline);
	}
	return place;
}

/*
 * Replay shows a transaction and gives back its locks in the middle of its last
 * record: it then removes files, which takes long where they are many.  So that
 * the record under way counts here, whereas in a place it does not.
 */
WalPosition
plasma_timeline_shown(void)
{
	TimeLineID	timeline;
	XLogRecPtr	replaying;

	if (!RecoveryInProgress())
		return written();
	replaying = GetCurrentReplayRecPtr(&timeline);
	return position_at(replaying, timeline);
}

TimelineVerdict
plasma_timeline_judge(WalPosition position, const WalPlace *here)
{
	const TimeLineHistoryEntry *piece;

	if (position.timeline == here->position.timeline)
	{
		if (position.begin != here->position.begin)
			return TIMELINE_LOST;
		if (position.lsn <= here->position.lsn)
			return TIMELINE_PASSED;
		return here->recovering ? TIMELINE_AHEAD : TIMELINE_LOST;
	}
	if (position.timeline > here->position.timeline)
		return here->recovering ? TIMELINE_AHEAD : TIMELINE_LOST;
	piece = find_piece(history_to(here->position.timeline), position.timeline);
	return piece != NULL && piece->begin == position.begin &&
		position.lsn <= piece->end ? TIMELINE_PASSED : TIMELINE_LOST;
}
