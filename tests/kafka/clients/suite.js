// SPDX-License-Identifier: Apache-2.0
// Everything that clients which are not ours try on one running server. tests/kafka/clients.py starts the
// server and says in DOSSIER_SUITE, as JSON, where it is: url, key, servers, mode, topics.
"use strict";

const {after, before} = require("node:test");

const {Backbone} = require("./backbone");
const {Dossier} = require("./dossier");

const given = JSON.parse(process.env.DOSSIER_SUITE);
const world = {...given, dossier: new Dossier(given), backbone: new Backbone(given.servers)};

before(() => world.backbone.open(Object.values(world.topics)), {timeout: 60_000});
after(() => world.backbone.close(), {timeout: 30_000});

require("./events").tests(world);
require("./commands").tests(world);
