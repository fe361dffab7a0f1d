// SPDX-License-Identifier: Apache-2.0
// How DuckDB reads files: [{path, delimiter, columns: {name: type}}] comes in, and for each file a line of JSON goes
// out: {rows: [[text or null]], rejects: [{line, column, kind, text}]}, in the order of the file.
"use strict";
const fs = require("node:fs");
const { DuckDBInstance } = require("@duckdb/node-api");

const quoted = (text) => `'${text.replaceAll("'", "''")}'`;

async function read(connection, { path, delimiter, columns }) {
  const types = Object.entries(columns).map(([name, type]) => `${quoted(name)}: ${quoted(type)}`);
  // Why new_line is not given: with it and CRLF, DuckDB 1.5 loses rows in strict mode.
  const rows = await connection.runAndReadAll(`select * from read_csv(${quoted(path)}, auto_detect = false,
    header = true, delim = ${quoted(delimiter)}, quote = '"', escape = '"', nullstr = '', allow_quoted_nulls = false,
    strict_mode = true, store_rejects = true, rejects_limit = 0, columns = {${types}})`);
  const rejects = await connection.runAndReadAll(`select line, column_idx, column_name, error_type, csv_line
    from reject_errors order by line, column_idx`);
  await connection.run("drop table reject_errors; drop table reject_scans");
  return {
    rows: rows.getRowsJson(),
    rejects: rejects.getRowObjectsJson().map((x) => ({
      line: Number(x.line), column: x.column_name, kind: x.error_type, text: x.csv_line })),
  };
}

async function main() {
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  for (const file of JSON.parse(fs.readFileSync(0, "utf8")))
    fs.writeSync(1, JSON.stringify(await read(connection, file)) + "\n");
}

main();
