// SPDX-License-Identifier: Apache-2.0
// DuckDB with the call records of the bench; prints the seconds that it took.
//   duckdb_peer.js scan CSV THREADS              every column of every record, typed
//   duckdb_peer.js ingest CSV THREADS DATABASE   into a table of a new file, durable when it ends
"use strict";
const { DuckDBInstance } = require("@duckdb/node-api");

const COLUMNS = {
  caller_id: "VARCHAR", recipient: "VARCHAR", call_date: "DATE", end_time: "TIME", duration: "BIGINT",
  cost: "DECIMAL(18,3)", reference: "VARCHAR", currency: "VARCHAR",
};
const names = Object.keys(COLUMNS);

function reader(path) {
  const types = names.map((name) => `'${name}': '${COLUMNS[name]}'`).join(", ");
  return `read_csv('${path}', auto_detect = false, header = true, delim = ',', quote = '"', escape = '"',
    columns = {${types}})`;
}

async function seconds(connection, statements) {
  const begun = process.hrtime.bigint();
  for (const statement of statements) await connection.run(statement);
  return Number(process.hrtime.bigint() - begun) / 1e9;
}

async function main([what, path, threads, database]) {
  const instance = await DuckDBInstance.create(database ?? ":memory:", { threads });
  const connection = await instance.connect();
  if (what === "ingest") {
    await connection.run(`create table calls (${names.map((name) => `${name} ${COLUMNS[name]}`).join(", ")})`);
    console.log(await seconds(connection, [`insert into calls select * from ${reader(path)}`, "checkpoint"]));
  } else {
    // What a query does not ask for is not made into a value.
    const asked = names.map((name) => `count(${name})`).join(", ");
    console.log(await seconds(connection, [`select ${asked}, sum(duration), sum(cost) from ${reader(path)}`]));
  }
}

main(process.argv.slice(2));
