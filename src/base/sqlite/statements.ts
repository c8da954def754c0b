/** Statements prepared once and kept: preparing costs more than most of them do. */
import type Database from "better-sqlite3";

export type Prepare = <P extends unknown[] = unknown[], R = unknown>(
  sql: string,
) => Database.Statement<P, R>;

/** A `prepare` that gives the same statement for the same text; whoever plucks one always does. */
export function preparing(database: Database.Database): Prepare {
  const statements = new Map<string, Database.Statement>();
  return <P extends unknown[], R>(sql: string) => {
    const statement = statements.get(sql) ?? database.prepare(sql);
    statements.set(sql, statement);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- SQLite knows no types: the author of the SQL says what its rows are
    return statement as Database.Statement<P, R>;
  };
}
