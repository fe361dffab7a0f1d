// SPDX-License-Identifier: Apache-2.0
// What clients that are not ours hear of documents that were made over HTTP.
"use strict";

const assert = require("node:assert/strict");
const {describe, it} = require("node:test");
const {Kafka: binding} = require("cloudevents");

const {unpacked} = require("./backbone");

const TYPES = ["Created", "ContentStored", "Uploaded", "Changed", "Expiring", "Expired", "Deleted"]
  .map((name) => `CustomerDocument${name}Event`);

/** Plays whole lives, so that every type of event happens that needs no day to pass; the ids of the documents. */
async function playLives(dossier, customer) {
  const deleted = await dossier.create(customer, {fileName: "Übergabe „1“.pdf", contentType: "application/pdf"});
  await dossier.upload(deleted, "content");
  await dossier.confirm(deleted.documentId);
  await dossier.get(200, "PATCH", `/api/documents/${deleted.documentId}`, {fileName: "b"}, {"If-Match": "*"});
  await dossier.get(204, "DELETE", `/api/documents/${deleted.documentId}`, undefined, {"If-Match": "*"});
  const expired = await dossier.create(customer, {expiryDate: new Date(Date.now() + 1500).toISOString()});
  return [deleted.documentId, expired.documentId];
}

/** The documents' messages, once their last events are there. */
async function heardOf(world, ids) {
  const {backbone, topics} = world;
  const ends = [TYPES[5], TYPES[6]];
  const isOf = (id) => ({key}) => key === id;
  for (const id of ids)
    await backbone.await(topics.documents, (m) => isOf(id)(m) && ends.includes(binding.toEvent(m).type));
  return ids.flatMap((id) => backbone.of(topics.documents, isOf(id)));
}

function tests(world) {
  const {backbone, dossier, mode, topics} = world;

  describe(`events in ${mode} mode`, () => {
    let messages, ids;

    it("are CloudEvents 1.0, whose data keep the schema that the server serves for them", async () => {
      ids = await playLives(dossier, `lives-${mode}`);
      messages = await heardOf(world, ids);
      const types = new Set();
      for (const message of messages) {
        assert.equal(message.headers["content-type"].startsWith("application/cloudevents"), mode === "structured");
        const event = binding.toEvent(message);
        assert.ok(event.validate(), `${event.id} is a CloudEvent`);
        assert.equal(event.specversion, "1.0");
        assert.equal(event.datacontenttype, "application/json");
        assert.ok(event.dataschema.endsWith(`/schemas/${event.type}/1`), event.dataschema);
        assert.equal(await dossier.trouble(event.dataschema, event.data), null, event.id);
        types.add(event.type);
      }
      assert.deepEqual([...types].sort(), [...TYPES].sort());
    });

    it("name their document, count from 1 without gaps and stay in one partition in order", () => {
      for (const id of ids) {
        const events = messages.filter(({key}) => key === id);
        assert.equal(new Set(events.map(({partition}) => partition)).size, 1);
        events.map(binding.toEvent).forEach((event, index) => {
          assert.equal(event.subject, `document/${id}`);
          assert.equal(event.partitionkey, id);
          assert.equal(event.id, `${id}-${index + 1}`);
          assert.equal(event.sequence, String(index + 1).padStart(20, "0"));
        });
        assert.ok(events.every(({offset}, index) => index === 0 || offset > events[index - 1].offset));
      }
    });

    it("are those of the document's history over HTTP", async () => {
      for (const id of ids) {
        const told = (await dossier.history(id)).map(({type, data}) => ({type, data}));
        const heard = messages.filter(({key}) => key === id).map(binding.toEvent).map(({type, data}) => ({type, data}));
        assert.deepEqual(heard, told);
      }
    });

    it("carry the headers that the AsyncAPI document names", {skip: mode !== "binary"}, async () => {
      for (const message of messages)
        assert.equal(await dossier.troubleOfHeaders("EventHeaders", message.headers), null, message.headers.ce_id);
    });

    it("lie where Kafka's own partitioner puts the customer", async () => {
      const customers = Array.from({length: 40}, (_, number) => `customer.${number}_${"x".repeat(number)}`);
      const made = await Promise.all(customers.map((customer) => dossier.create(customer)));
      for (const [index, {documentId}] of made.entries()) {
        const [message] = await backbone.await(topics.documents, ({key}) => key === documentId);
        assert.equal(message.partition, await backbone.partitionOf(topics.documents, customers[index]));
      }
    });

    it("are read as the server compresses them unless set otherwise", async () => {
      const before = unpacked.count;
      // One customer, so that they stand in one partition and travel together.
      const made = await Promise.all(Array.from({length: 200}, () => dossier.create(`crowd-${mode}`)));
      const wanted = new Set(made.map(({documentId}) => documentId));
      await backbone.await(topics.documents, ({key}) => wanted.has(key), made.length);
      assert.ok(unpacked.count > before, "no batch came compressed with lz4");
    });
  });
}

module.exports = {tests};
