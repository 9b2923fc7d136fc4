EXTENSION = plasma
EXTVERSION = $(shell sed -n "s/^default_version = '\(.*\)'/\1/p" $(srcdir)/plasma.control)
MODULE_big = plasma

srcdir ?= .

# One object per room; the folders, left to right, are the direction of the
# data: base, access, schema, log, push, wire.
OBJS = $(patsubst $(srcdir)/%.c,%.o,$(wildcard $(srcdir)/src/*.c $(srcdir)/src/*/*.c))

# The install script is these parts, in this order.  *.tables.sql is laid down
# once; every other part is CREATE OR REPLACE, and an upgrade runs it again.
SQL_PARTS = \
	src/install/schema.tables.sql \
	src/access/group.tables.sql \
	src/schema/version.tables.sql \
	src/schema/registry.tables.sql \
	src/log/origin.tables.sql \
	src/log/change.tables.sql \
	src/push/ledger.tables.sql \
	src/push/mutator.tables.sql \
	src/wire/reader.tables.sql \
	src/access/ctx.sql \
	src/log/origin.sql \
	src/log/encode.sql \
	src/log/entry.sql \
	src/schema/declare.sql \
	src/schema/apply.sql \
	src/log/cookie.sql \
	src/log/pull.sql \
	src/push/mutator.sql \
	src/push/push.sql \
	src/wire/http.sql \
	src/install/views.sql \
	src/access/grant.sql \
	src/install/grants.sql

SQL_FOUND = $(foreach part,$(SQL_PARTS),$(wildcard $(srcdir)/$(part)))

DATA_built = sql_built/$(EXTENSION)--$(EXTVERSION).sql
EXTRA_CLEAN = sql_built

PG_CPPFLAGS = -I$(srcdir)/src
PG_CFLAGS = -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare \
	-Wno-missing-field-initializers $(WERROR)
WERROR ?= -Werror

REGRESS = $(sort $(patsubst $(srcdir)/sql/%.sql,%,$(wildcard $(srcdir)/sql/*.sql)))
REGRESS_OPTS = --inputdir=$(srcdir)

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

$(DATA_built): $(SQL_FOUND) $(srcdir)/plasma.control
	@mkdir -p $(@D)
	{ printf '%s\n' '\echo Use "CREATE EXTENSION $(EXTENSION)" to load this file. \quit'; \
	  cat $(filter %.sql,$^); } > $@

$(OBJS): $(wildcard $(srcdir)/src/*.h $(srcdir)/src/*/*.h)
