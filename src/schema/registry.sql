-- A restore fills plasma's own tables while other sessions may already have looked.

CREATE OR REPLACE FUNCTION plasma.note_registry() RETURNS trigger
	LANGUAGE c VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'plasma_registry_note';
COMMENT ON FUNCTION plasma.note_registry() IS
	'Trigger: every session reads the registry again';

CREATE OR REPLACE TRIGGER note_registry AFTER INSERT OR UPDATE OR DELETE ON plasma.tables
	FOR EACH ROW EXECUTE FUNCTION plasma.note_registry();
CREATE OR REPLACE TRIGGER note_registry AFTER INSERT OR UPDATE OR DELETE ON plasma.scopes
	FOR EACH ROW EXECUTE FUNCTION plasma.note_registry();
CREATE OR REPLACE TRIGGER note_registry AFTER INSERT OR UPDATE OR DELETE ON plasma.declarations
	FOR EACH ROW EXECUTE FUNCTION plasma.note_registry();
CREATE OR REPLACE TRIGGER note_registry AFTER INSERT OR UPDATE OR DELETE ON plasma.mutators
	FOR EACH ROW EXECUTE FUNCTION plasma.note_registry();
COMMENT ON TRIGGER note_registry ON plasma.tables IS 'Every session reads the registry again';
COMMENT ON TRIGGER note_registry ON plasma.scopes IS 'Every session reads the registry again';
COMMENT ON TRIGGER note_registry ON plasma.declarations IS 'Every session reads the registry again';
COMMENT ON TRIGGER note_registry ON plasma.mutators IS 'Every session reads the registry again';
