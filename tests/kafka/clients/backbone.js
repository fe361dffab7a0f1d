// SPDX-License-Identifier: Apache-2.0
// Kafka as kafkajs sees it: hears whole topics from their beginning and remembers them, sends messages.
"use strict";

const crypto = require("node:crypto");
const {setTimeout: sleep} = require("node:timers/promises");

// Warns of something that changed before this suite was written; it is read when kafkajs is loaded.
process.env.KAFKAJS_NO_PARTITIONER_WARNING = "1";
const {CompressionCodecs, CompressionTypes, Kafka, Partitioners, logLevel} = require("kafkajs");
const lz4 = require("lz4js");

const HEARD_MS_MAX = 30_000;
const TOPICS_MS_MAX = 30_000;

// kafkajs reads gzip by itself. The server's default is lz4, so a reader in JavaScript is brought along
// rather than changing what is tested.
const unpacked = {count: 0};
CompressionCodecs[CompressionTypes.LZ4] = () => ({
  compress: async (encoder) => Buffer.from(lz4.compress(encoder.buffer)),
  decompress: async (bytes) => {
    ++unpacked.count;
    return Buffer.from(lz4.decompress(bytes));
  },
});

const texts = (headers) => Object.fromEntries(
  Object.entries(headers ?? {}).map(([name, value]) => [name, value === null ? null : value.toString()]));

class Backbone {
  constructor(servers) {
    this.kafka = new Kafka({clientId: "dossier-clients", brokers: servers.split(","), logLevel: logLevel.ERROR});
    this.admin = this.kafka.admin();
    this.producer = this.kafka.producer({allowAutoTopicCreation: false});
    // The server may take a moment to send; a reader that asks ten times a second is close enough.
    this.consumer = this.kafka.consumer({groupId: `clients-${crypto.randomUUID()}`, maxWaitTimeInMs: 100});
    this.heard = [];
  }

  /** Hears these topics from their first message on; they must come to exist soon. */
  async open(topics) {
    await Promise.all([this.admin.connect(), this.producer.connect(), this.consumer.connect()]);
    const deadline = Date.now() + TOPICS_MS_MAX;
    for (let missing = topics; missing.length > 0;) {
      const present = await this.admin.listTopics();
      missing = topics.filter((topic) => !present.includes(topic));
      if (missing.length > 0 && Date.now() > deadline)
        throw new Error(`no such topics after ${TOPICS_MS_MAX} ms: ${missing.join(", ")}`);
      if (missing.length > 0)
        await sleep(100);
    }
    await this.consumer.subscribe({topics, fromBeginning: true});
    await this.consumer.run({
      eachMessage: async ({topic, partition, message}) => {
        this.heard.push({topic, partition, offset: Number(message.offset), timestamp: message.timestamp,
          key: message.key?.toString() ?? null, headers: texts(message.headers), raw: message.headers ?? {},
          value: message.value});
      },
    });
  }

  async close() {
    await Promise.all([this.consumer.disconnect(), this.producer.disconnect(), this.admin.disconnect()]);
  }

  /** Messages of a topic, or of several, heard so far that satisfy `holds`, in the order of their partitions. */
  of(topics, holds = () => true) {
    return this.heard.filter(({topic}) => [topics].flat().includes(topic)).filter(holds);
  }

  /** The first `count` such messages, as soon as they are there. */
  async await(topics, holds, count = 1) {
    const deadline = Date.now() + HEARD_MS_MAX;
    for (;;) {
      const found = this.of(topics, holds);
      if (found.length >= count)
        return found;
      if (Date.now() > deadline)
        throw new Error(`${found.length} of ${count} messages came on ${topics} within ${HEARD_MS_MAX} ms`);
      await sleep(20);
    }
  }

  send(topic, ...messages) {
    return this.producer.send({topic, messages});
  }

  /** Where Kafka's own default partitioner would put this key. */
  async partitionOf(topic, key) {
    const {topics: [{partitions}]} = await this.admin.fetchTopicMetadata({topics: [topic]});
    const metadata = partitions.map(({partitionId, leader}) => ({partitionId, leader}));
    return Partitioners.DefaultPartitioner()({topic, partitionMetadata: metadata, message: {key}});
  }
}

module.exports = {Backbone, unpacked};
