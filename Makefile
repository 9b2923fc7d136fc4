# These bring what they need, PostgreSQL included, so they come before PGXS is
# looked for.  PGXS has a check of its own, which only refuses.
SELF_CONTAINED = demo check fuzz torture visibility bench

# make torture SECONDS=600 SEED=1, and the same for visibility
ARGUMENTS_torture = $(or $(SECONDS),60) $(SEED)
ARGUMENTS_visibility = $(ARGUMENTS_torture)

ifneq (,$(filter $(SELF_CONTAINED),$(MAKECMDGOALS)))

.NOTPARALLEL:
.PHONY: $(MAKECMDGOALS)
$(filter $(SELF_CONTAINED),$(MAKECMDGOALS)):
	@'$(dir $(firstword $(MAKEFILE_LIST)))scripts/$@' $(ARGUMENTS_$@)
$(filter-out $(SELF_CONTAINED),$(MAKECMDGOALS)):
	@$(MAKE) --no-print-directory $@

else

ifdef VPATH
srcdir = $(VPATH)
else
srcdir = .
endif

EXTENSION = plasma
EXTVERSION := $(shell sed -n "s/^default_version = '\(.*\)'/\1/p" $(srcdir)/plasma.control)
MODULE_big = plasma

# One object per room; the folders, left to right, are the direction of the
# data: base, access, schema, log, push, wire, care.
OBJS := $(patsubst $(srcdir)/%.c,%.o,$(wildcard $(srcdir)/src/*.c $(srcdir)/src/*/*.c))

ifdef VPATH
$(shell mkdir -p $(dir $(OBJS)))
endif

# The install script is these parts, in this order.  *.tables.sql is laid down
# once; every other part is CREATE OR REPLACE, and an upgrade runs it again.
SQL_PARTS = \
	src/install/schema.tables.sql \
	src/access/group.tables.sql \
	src/schema/version.tables.sql \
	src/schema/registry.tables.sql \
	src/schema/policy_source.tables.sql \
	src/plan/journal.tables.sql \
	src/plan/backfill.tables.sql \
	src/log/origin.tables.sql \
	src/log/change.tables.sql \
	src/log/compact.tables.sql \
	src/push/ledger.tables.sql \
	src/push/mutator.tables.sql \
	src/wire/reader.tables.sql \
	src/wire/http.tables.sql \
	src/plan/drift.tables.sql \
	src/install/cascade.sql \
	src/access/ctx.sql \
	src/log/origin.sql \
	src/log/encode.sql \
	src/log/entry.sql \
	src/log/refetch.sql \
	src/schema/policy_source.sql \
	src/schema/registry.sql \
	src/schema/declare.sql \
	src/schema/describe.sql \
	src/schema/apply.sql \
	src/plan/rule.sql \
	src/plan/plan.sql \
	src/plan/propagate.sql \
	src/plan/backfill.sql \
	src/plan/run.sql \
	src/plan/migrate.sql \
	src/plan/script.sql \
	src/log/pull.sql \
	src/push/mutator.sql \
	src/push/push.sql \
	src/wire/http.sql \
	src/care/retention.sql \
	src/care/compact.sql \
	src/care/history.sql \
	src/install/views.sql \
	src/plan/drift.sql \
	src/care/checks.sql \
	src/care/verify.sql \
	src/care/repair.sql \
	src/access/grant.sql \
	src/install/grants.sql

DATA_built = sql_built/$(EXTENSION)--$(EXTVERSION).sql
EXTRA_CLEAN = sql_built

PG_CPPFLAGS = -I$(srcdir)/src
PG_CFLAGS = -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare \
	-Wno-missing-field-initializers $(WERROR)
WERROR ?= -Werror
# The flags and the headers of the server may be those of gcc, and ask for its way
# of optimizing when linking.
ifneq (,$(findstring clang,$(CC)))
PG_CFLAGS += -Wno-ignored-attributes -Wno-ignored-optimization-argument -Wno-unknown-warning-option -fno-lto
SHLIB_LINK += -fno-lto
endif

# make installcheck: these two against a running server; TAP_TESTS=1 adds the
# TAP tests, which start servers of their own and therefore refuse to run as root.
REGRESS := $(sort $(patsubst $(srcdir)/sql/%.sql,%,$(wildcard $(srcdir)/sql/*.sql)))
REGRESS_OPTS = --inputdir=$(srcdir)
ISOLATION := $(sort $(patsubst $(srcdir)/test/isolation/specs/%.spec,%,$(wildcard $(srcdir)/test/isolation/specs/*.spec)))
ISOLATION_OPTS = --inputdir=$(srcdir)/test/isolation
PROVE_TESTS = test/t/*.pl

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
ifeq ($(wildcard $(PGXS)),)
$(error $(PG_CONFIG) leads to no server headers: install the postgresql-server-dev package of your server, or set PG_CONFIG)
endif
include $(PGXS)

$(DATA_built): $(addprefix $(srcdir)/,$(SQL_PARTS)) $(srcdir)/plasma.control
	@mkdir -p $(@D)
	{ printf '%s\n' '\echo Use "CREATE EXTENSION $(EXTENSION)" to load this file. \quit'; \
	  cat $(filter %.sql,$^); } > $@

$(OBJS) $(OBJS:.o=.bc): $(wildcard $(srcdir)/src/*.h $(srcdir)/src/*/*.h)

endif
