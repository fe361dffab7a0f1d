// SPDX-License-Identifier: Apache-2.0
// The server under test over HTTP, and what it says of its own messages.
"use strict";

const Ajv2020 = require("ajv/dist/2020");
const addFormats = require("ajv-formats");

const ANSWERS_MS_MAX = 10_000;

class Dossier {
  constructor({url, key}) {
    this.url = url;
    this.key = key;
    this.ajv = new Ajv2020({allErrors: true, strict: false});
    addFormats(this.ajv);
    this.validators = new Map();
  }

  /** Resolves to {status, body}; the body is parsed if it is JSON. */
  async ask(verb, path, body, fields = {}) {
    const isSigned = path.startsWith("http");
    const isBytes = Buffer.isBuffer(body);
    const answer = await fetch(isSigned ? path : this.url + path, {
      method: verb,
      headers: {
        ...(isSigned ? {} : {"x-functions-key": this.key}),
        ...(body === undefined || isBytes ? {} : {"content-type": "application/json"}),
        ...fields,
      },
      body: body === undefined || isBytes ? body : JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWERS_MS_MAX),
    });
    const text = await answer.text();
    const isJson = (answer.headers.get("content-type") ?? "").includes("json");
    return {status: answer.status, body: isJson ? JSON.parse(text) : text};
  }

  /** As ask(), but any other status than the expected one is an error. */
  async get(expected, verb, path, body, fields) {
    const answer = await this.ask(verb, path, body, fields);
    if (answer.status !== expected)
      throw new Error(`${verb} ${path}: expected ${expected}, ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  create(customer, members = {}) {
    return this.get(201, "POST", `/api/customers/${customer}/documents`,
      {documentType: "invoice", fileName: "a file.pdf", ...members});
  }

  upload(made, content) {
    return this.get(201, "PUT", made.uploadSasUri, Buffer.from(content), {"x-ms-blob-type": "BlockBlob"});
  }

  confirm(id) {
    return this.get(200, "POST", `/api/documents/${id}/confirm-upload`, {uploaded: true});
  }

  /** Everything that ever happened to a document, oldest first. */
  async history(id) {
    return (await this.get(200, "GET", `/api/documents/${id}/events`)).items;
  }

  /** What is wrong with `data` by the schema that the server serves under `reference`; null if nothing is. */
  async trouble(reference, data) {
    if (!this.validators.has(reference)) {
      const {pathname} = new URL(reference, this.url);
      const schema = await this.get(200, "GET", pathname);
      this.validators.set(reference, this.ajv.compile({...schema, $id: this.url + pathname}));
    }
    const validate = this.validators.get(reference);
    return validate(data) ? null : this.ajv.errorsText(validate.errors);
  }

  /** What is wrong with a message's headers by the AsyncAPI document that the server serves; null if nothing is. */
  async troubleOfHeaders(schemaName, headers) {
    const name = `asyncapi ${schemaName}`;
    if (!this.validators.has(name)) {
      const described = await this.get(200, "GET", "/asyncapi.json");
      this.validators.set(name, this.ajv.compile(described.components.schemas[schemaName]));
    }
    const validate = this.validators.get(name);
    return validate(headers) ? null : this.ajv.errorsText(validate.errors);
  }
}

module.exports = {Dossier};
