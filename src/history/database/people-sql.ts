// SQL that people ask: one statement that only reads, for a while, to so many rows. That it reaches nothing but the tables
// is a setting of the whole database, which is locked. SPEC rule HD7.

import { type DuckDBConnection, StatementType } from '@duckdb/node-api';
import { PastRefused, type SqlAnswer } from '../../hub/past.ts';
import { LIMITS } from '../../model/limits.ts';

const READING: readonly StatementType[] = [StatementType.SELECT, StatementType.EXPLAIN];

export async function answerSql(connection: DuckDBConnection, text: string): Promise<SqlAnswer> {
  const timer = setTimeout(() => connection.interrupt(), LIMITS.sqlMsMax);
  try {
    const statements = await connection.extractStatements(text);
    if (statements.count !== 1) throw new PastRefused(`one statement at a time, got ${statements.count}`);
    const statement = await statements.prepare(0);
    if (!READING.includes(statement.statementType))
      throw new PastRefused('only SELECT and EXPLAIN are answered');
    const reader = await statement.streamAndReadUntil(LIMITS.sqlRowsMax + 1);
    const rows = reader.getRowsJson();
    return {
      columns: reader.deduplicatedColumnNames(),
      rows: rows.slice(0, LIMITS.sqlRowsMax).map((row) => row.map(plain)),
      isCut: rows.length > LIMITS.sqlRowsMax,
    };
  } catch (cause) {
    if (cause instanceof PastRefused) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new PastRefused(/interrupt/i.test(why) ? `it took longer than ${LIMITS.sqlMsMax / 1_000} s` : why);
  } finally {
    clearTimeout(timer);
  }
}

function plain(value: unknown): string | number | boolean | null {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
