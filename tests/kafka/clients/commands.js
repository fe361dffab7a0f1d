// SPDX-License-Identifier: Apache-2.0
// What clients that are not ours can ask for over Kafka, and what they are told.
"use strict";

const assert = require("node:assert/strict");
const crypto = require("node:crypto");
const {describe, it} = require("node:test");
const {CloudEvent, Kafka: binding} = require("cloudevents");

const SOURCE = "/clients/node";
const CALLS = `caller_id,recipient,call_date,end_time,duration,cost,reference,currency
441,442,16/08/2016,14:21:33,43,0.350,C1,GBP
441,443,31/02/2016,14:21:34,43,0.350,C2,GBP
`;

function tests(world) {
  const {backbone, dossier, topics} = world;

  /** A command as a message of kafkajs, in one of the two modes, as the CloudEvents package writes it. */
  function packaged(mode, type, data, id = crypto.randomUUID()) {
    const event = new CloudEvent({id, source: SOURCE, data, datacontenttype: "application/json",
      type: type.startsWith("dossier.") ? type : `dossier.document.${type}`});
    const {headers, value} = binding[mode](event);
    // The package lists attributes that the event does not have, which kafkajs would send.
    const present = Object.entries(headers).filter(([, text]) => text !== undefined);
    return {key: data.customerId, headers: Object.fromEntries(present),
      value: typeof value === "string" ? value : JSON.stringify(value)};
  }

  /** The same without ce_datacontenttype, which the package writes beside content-type. */
  function message(...command) {
    const sent = packaged(...command);
    delete sent.headers.ce_datacontenttype;
    return sent;
  }

  const isReplyTo = (id) => (heard) => heard.topic === topics.replies && binding.toEvent(heard).causationid === id;
  const idOf = (sent) => sent.headers.ce_id ?? JSON.parse(sent.value).id;

  /** Sends a command and resolves to its first answer, which must be what is described. */
  async function ask(sent) {
    await backbone.send(topics.commands, sent);
    const [reply] = await backbone.await(topics.replies, isReplyTo(idOf(sent)));
    return checked(reply);
  }

  async function checked(reply) {
    if (world.mode === "binary")
      assert.equal(await dossier.troubleOfHeaders("ReplyHeaders", reply.headers), null);
    const event = binding.toEvent(reply);
    assert.equal(await dossier.trouble(event.dataschema, event.data), null, event.type);
    return event;
  }

  async function done(sent) {
    const event = await ask(sent);
    assert.equal(event.type, "dossier.command.done", JSON.stringify(event.data));
    return event.data;
  }

  async function refused(sent) {
    const event = await ask(sent);
    assert.equal(event.type, "dossier.command.refused", JSON.stringify(event.data));
    return event.data;
  }

  const listOf = async (customer) =>
    (await dossier.get(200, "GET", `/api/customers/${customer}/documents`)).items;

  for (const mode of ["binary", "structured"]) {
    describe(`commands in ${mode} mode`, () => {
      const customer = `commands-${mode}-${world.mode}`;

      it("play a document's whole life", async () => {
        const expiryDate = "2099-12-31T23:59:59.000Z";
        const made = await done(message(mode, "create", {customerId: customer, documentType: "invoice",
          fileName: "Rechnung „7“.pdf", contentType: "application/pdf"}));
        assert.equal(made.version, 1);
        const path = `/api/documents/${made.documentId}`;
        const about = {documentId: made.documentId, customerId: customer};
        assert.equal((await dossier.get(200, "GET", path)).fileName, "Rechnung „7“.pdf");

        await dossier.upload(made, "content");
        assert.equal((await done(message(mode, "confirm-upload", about))).version, 3);
        await dossier.get(200, "GET", `${path}/download?customerId=${customer}`);
        assert.equal((await done(message(mode, "change-expiry", {...about, expiryDate}))).version, 4);
        assert.equal((await dossier.get(200, "GET", path)).expiryDate, expiryDate);
        assert.equal((await done(message(mode, "change-expiry", {...about, expiryDate: null}))).version, 5);
        assert.equal((await done(message(mode, "delete", about))).version, 6);
        assert.equal((await dossier.ask("GET", path)).status, 410);
      });

      it("are taken as the CloudEvents package writes them", async () => {
        const sent = packaged(mode, "create", {customerId: customer, documentType: "invoice", fileName: "f"});
        await backbone.send(topics.commands, sent);
        const [told] = await backbone.await([topics.replies, topics.deadLetters],
          (heard) => isReplyTo(idOf(sent))(heard) || heard.headers.ce_id === idOf(sent));
        assert.equal(told.topic, topics.replies, told.headers["kafka_dlt-exception-message"]);
      });

      it("take effect once, however often they are sent, and are answered alike", async () => {
        const fileName = `once-${crypto.randomUUID()}`;
        const sent = message(mode, "create", {customerId: customer, documentType: "invoice", fileName});
        const first = await done(sent);
        await backbone.send(topics.commands, sent, sent);
        await backbone.send(topics.commands, sent);
        const replies = await backbone.await(topics.replies, isReplyTo(idOf(sent)), 4);
        for (const reply of replies) {
          const {type, data} = await checked(reply);
          assert.equal(type, "dossier.command.done");
          assert.deepEqual([data.documentId, data.version], [first.documentId, 1]);
        }
        assert.equal((await listOf(customer)).filter((item) => item.fileName === fileName).length, 1);
        assert.equal((await dossier.history(first.documentId)).length, 1);
      });

      it("cause events that name them", async () => {
        const sent = message(mode, "create", {customerId: customer, documentType: "invoice", fileName: "caused"});
        const {documentId} = await done(sent);
        const [heard] = await backbone.await(topics.documents, ({key}) => key === documentId);
        assert.equal(binding.toEvent(heard).causationid, idOf(sent));
      });

      it("are refused with a problem that says where, and change nothing", async () => {
        const before = (await listOf(customer)).length;
        const nameless = await refused(message(mode, "create", {customerId: customer, documentType: "invoice"}));
        assert.equal(nameless.type, "/problems/invalid-argument");
        assert.equal(nameless.pointer, "/fileName");
        const past = await refused(message(mode, "create", {customerId: customer, documentType: "invoice",
          fileName: "late", expiryDate: "2001-01-01T00:00:00Z"}));
        assert.equal(past.pointer, "/expiryDate");
        assert.equal((await listOf(customer)).length, before);
      });

      it("that are refused come to the dead letters, too", async () => {
        const sent = message(mode, "create", {customerId: customer, documentType: `t${crypto.randomUUID()}`});
        const {detail} = await refused(sent);
        const [letter] = await backbone.await(topics.deadLetters, ({value}) => value.toString() === sent.value);
        assert.ok(letter.headers["kafka_dlt-exception-message"].includes(detail));
      });

      it("start a job of an uploaded document, once, and its events name them", async () => {
        const uploaded = await dossier.create(customer, {fileName: "calls.csv"});
        const {documentId} = uploaded;
        await dossier.upload(uploaded, CALLS + `441,444,16/08/2016,14:21:35,43,0.350,${mode}-${world.mode},GBP\n`);
        await done(message(mode, "confirm-upload", {documentId, customerId: customer}));
        const sent = message(mode, "dossier.ingestion.start",
          {documentId, schema: "cdr", options: {delimiter: ",", header: true, rejectsMax: 10}});
        const {type, subject, data} = await ask(sent);
        assert.equal(type, "dossier.ingestion.accepted", JSON.stringify(data));
        assert.equal(data.command, "dossier.ingestion.start");
        assert.equal(data.status, "Accepted");
        assert.equal(subject, `job/${data.correlationId}`);

        const isOfJob = ({key}) => key === data.correlationId;
        const isLast = (heard) => isOfJob(heard) && binding.toEvent(heard).type === "JobFinishedEvent";
        await backbone.await(topics.ingestion, isLast);
        const events = backbone.of(topics.ingestion, isOfJob).map(binding.toEvent);
        assert.equal(events[0].type, "JobAcceptedEvent");
        assert.equal(events[0].causationid, idOf(sent));
        for (const [index, event] of events.entries()) {
          assert.equal(event.id, `${data.correlationId}-${index + 1}`);
          assert.equal(await dossier.trouble(event.dataschema, event.data), null, event.type);
        }
        const job = await dossier.get(200, "GET", `/api/jobstatus/${data.correlationId}`);
        assert.equal(job.status, "PartiallySucceeded");
        assert.deepEqual([job.customerId, job.originalFileName], [customer, "calls.csv"]);
        assert.deepEqual([job.processedRecordsCount, job.failedRecordsCount], [2, 1]);

        await backbone.send(topics.commands, sent);
        for (const reply of await backbone.await(topics.replies, isReplyTo(idOf(sent)), 2))
          assert.deepEqual((await checked(reply)).data, data);
        const before = {documentId, schema: "cdr", options: {delimiter: ",", header: true}};
        const same = await dossier.get(202, "POST", "/api/ingestion/jobs", before);
        assert.deepEqual([same.correlationId, same.status], [data.correlationId, "PartiallySucceeded"]);
        const {version} = await dossier.get(200, "GET", `/api/jobstatus/${data.correlationId}`);
        assert.equal(version, job.version);
      });

      it("that want a job are refused as over HTTP", async () => {
        const {documentId} = await dossier.create(customer);
        const start = (data) => refused(message(mode, "dossier.ingestion.start", data));
        const early = await start({documentId});
        assert.equal(early.type, "/problems/conflict");
        const wrong = {documentId, options: {delimiter: "ab"}};
        const said = await start(wrong);
        const {status, body} = await dossier.ask("POST", "/api/ingestion/jobs", wrong);
        assert.deepEqual([status, said.type, said.detail, said.pointer], [400, body.type, body.detail, body.pointer]);
      });

      it("about somebody else's document are refused as if there were none", async () => {
        const {documentId} = await dossier.create(customer);
        const theft = await refused(message(mode, "delete", {customerId: `not-${customer}`, documentId}));
        assert.equal(theft.type, "/problems/not-found");
        await dossier.get(200, "GET", `/api/documents/${documentId}`);
      });
    });
  }

  describe("messages that cannot be read", () => {
    /** Sends it and finds it among the dead letters, unchanged but for the headers that say why. */
    async function died(sent) {
      const [{partition, baseOffset}] = await backbone.send(topics.commands, sent);
      const isIt = ({headers}) => headers["kafka_dlt-original-topic"] === topics.commands
        && headers["__connect.errors.partition"] === String(partition)
        && headers["__connect.errors.offset"] === String(baseOffset);
      const [letter] = await backbone.await(topics.deadLetters, isIt);
      assert.deepEqual(letter.value, Buffer.from(sent.value));
      for (const [name, value] of Object.entries(sent.headers))
        assert.equal(letter.headers[name], value, name);
      assert.equal(await dossier.troubleOfHeaders("DeadLetterHeaders", letter.headers), null);
      // As Spring Kafka's recoverer writes them, so that its readers find their way.
      assert.equal(letter.raw["kafka_dlt-original-partition"].readInt32BE(), partition);
      assert.equal(letter.raw["kafka_dlt-original-offset"].readBigInt64BE(), BigInt(baseOffset));
      assert.ok(letter.headers["kafka_dlt-exception-message"].length > 0);
      assert.equal(letter.headers["__connect.errors.topic"], topics.commands);
      assert.ok(letter.headers["__connect.errors.exception.message"].length > 0);
      return letter.headers["kafka_dlt-exception-message"];
    }

    const readable = () => message("binary", "create",
      {customerId: "unreadable", documentType: "invoice", fileName: "f"});

    it("die with the reason: no CloudEvent at all", () => died({key: "k", headers: {}, value: "hello"}));

    it("die with the reason: an attribute is missing", async () => {
      const sent = readable();
      delete sent.headers.ce_id;
      assert.match(await died(sent), /id/);
    });

    it("die with the reason: data that are no JSON", () => died({...readable(), value: "{\"customerId\":"}));

    it("die with the reason: a structured event that is none", () =>
      died({key: "k", headers: {"content-type": "application/cloudevents+json"}, value: "[]"}));

    it("hold nobody up who comes after them", async () => {
      const key = "mixed";
      const good = message("binary", "create", {customerId: key, documentType: "invoice", fileName: "after"});
      await backbone.send(topics.commands, {key, headers: {}, value: "first"});
      await done(good);
    });
  });
}

module.exports = {tests};
