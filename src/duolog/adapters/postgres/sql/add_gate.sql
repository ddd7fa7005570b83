-- {table}: one of the tables that a transfer takes along
CREATE OR REPLACE TRIGGER duolog_gate BEFORE INSERT OR UPDATE OR DELETE ON {schema}.{table}
FOR EACH STATEMENT EXECUTE FUNCTION {schema}.pass_gate()
