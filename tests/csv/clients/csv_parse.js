// SPDX-License-Identifier: Apache-2.0
// How csv-parse reads files: [{path, delimiter}] comes in, and for each file a line of JSON goes out with its
// records, the header first, in order: {values, bytes, line} with null for an empty field without quotes,
// {skipped, line} for one that csv-parse refuses. `bytes` is where the record ends.
"use strict";
const fs = require("node:fs");
const { parse } = require("csv-parse/sync");

function recordsOf({ path, delimiter }) {
  const records = [];
  parse(fs.readFileSync(path), {
    bom: true,
    delimiter,
    record_delimiter: ["\r\n", "\n"],
    relax_column_count: true,
    skip_records_with_error: true,
    cast: (text, field) => (text === "" && !field.quoting ? null : text),
    on_record: (values, at) => {
      records.push({ values, bytes: at.bytes });
      return null;
    },
    on_skip: (why) => {
      // It tells of each stray quote: those of one line are of one record.
      const last = records.at(-1);
      if (!last?.skipped || last.line !== why.lines) records.push({ skipped: why.code, line: why.lines });
    },
  });
  return records;
}

for (const file of JSON.parse(fs.readFileSync(0, "utf8")))
  fs.writeSync(1, JSON.stringify(recordsOf(file)) + "\n");
