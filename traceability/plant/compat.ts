import type { SqlDatabase } from '../../contracts/index.ts'

/**
 * What the statements of the store use and PostgreSQL has not: functions of SQLite in a schema of their own, behind the
 * tables on the search path. Plain SQL functions, which the planner inlines.
 */
export const COMPAT_SCHEMA = 'sightline_compat'

export const COMPAT = `
create schema if not exists ${COMPAT_SCHEMA};
set local search_path to ${COMPAT_SCHEMA};

create or replace function ifnull(a text, b text) returns text language sql immutable parallel safe
  as 'select coalesce(a, b)';
create or replace function max(a text, b text) returns text language sql immutable parallel safe
  as 'select greatest(a, b)';
create or replace function min(a text, b text) returns text language sql immutable parallel safe
  as 'select least(a, b)';
create or replace function max(a bigint, b bigint) returns bigint language sql immutable parallel safe
  as 'select greatest(a, b)';
create or replace function min(a bigint, b bigint) returns bigint language sql immutable parallel safe
  as 'select least(a, b)';
create or replace function min(a integer, b boolean) returns integer language sql immutable parallel safe
  as 'select least(a, b::integer)';
create or replace function count_true(n bigint, b boolean) returns bigint language sql immutable parallel safe
  as 'select n + coalesce(b, false)::integer';
create or replace function iif(a boolean, b text, c text) returns text language sql immutable parallel safe
  as 'select case when a then b else c end';
create or replace function json_quote(a text) returns text language sql immutable parallel safe
  as $$ select coalesce(to_json(a)::text, 'null') $$;
create or replace function printf(a text, b bigint) returns text language sql immutable parallel safe
  as $$ select case when a = '%020d' then lpad(b::text, 20, '0') else cast('printf: ' || a as bigint)::text end $$;
create or replace function plain(a text) returns text language sql immutable parallel safe as 'select a';
create or replace function json_member(a text, b text) returns text language sql immutable parallel safe
  as 'select a::json ->> b';
create or replace function json_member(a text, b integer) returns text language sql immutable parallel safe
  as 'select a::json ->> b';
create or replace function json_extract(a text, path text) returns text language sql immutable parallel safe
  as $$ select a::json #>> string_to_array(substr(path, 3), '.') $$;
create or replace function json_each(a text) returns table (key bigint, value text)
  language sql immutable parallel safe rows 100
  as $$ select n - 1, v from json_array_elements_text(a::json) with ordinality as e (v, n) $$;
create or replace function json_each(a text, path text) returns table (key text, value text)
  language sql immutable parallel safe rows 100
  as $$ select e.key, e.value from json_each_text(a::json #> string_to_array(substr(path, 3), '.')) as e $$;
do $$ begin
  if to_regprocedure('${COMPAT_SCHEMA}.sum(boolean)') is null then
    create aggregate sum(boolean) (sfunc = count_true, stype = bigint, initcond = '0');
  end if;
  if to_regoperator('${COMPAT_SCHEMA}.->>(text, text)') is null then
    create operator ->> (leftarg = text, rightarg = text, function = json_member);
  end if;
  if to_regoperator('${COMPAT_SCHEMA}.->>(text, integer)') is null then
    create operator ->> (leftarg = text, rightarg = integer, function = json_member);
  end if;
  if to_regoperator('${COMPAT_SCHEMA}.+(none, text)') is null then
    create operator + (rightarg = text, function = plain);
  end if;
end $$;
`

/** Signatures of the functions that this program makes and the database has not, as where an older one made them. */
export function missingInCompat(db: SqlDatabase, schema = COMPAT_SCHEMA): string[] {
  const types = (args: string): string =>
    args
      .split(',')
      .map((arg) => arg.trim().split(' ')[1])
      .join(', ')
  const made = [...COMPAT.matchAll(/create or replace function (\w+)\(([^)]*)\)/g)].map(
    ([, name = '', args = '']) => `${schema}.${name}(${types(args)})`,
  )
  const missing = db.all<{ f: string }>(
    'select f from json_array_elements_text(cast(? as json)) as t (f) where to_regprocedure(f) is null',
    JSON.stringify(made),
  )
  return missing.map(({ f }) => f)
}
