// Every bound of Sensorium in one place: what is refused above it, and so what can never grow without end.
// Sizes are bytes of UTF-8 or of the encoded form unless the name says otherwise.

export const LIMITS = {
  /** A peer id: `[a-z0-9][a-z0-9._-]{0,63}`. */
  peerIdBytesMax: 64,
  siteBytesMax: 64,
  zoneBytesMax: 32,
  hostNameBytesMax: 253,

  sensorIdBytesMax: 256,
  fieldsMax: 64,
  fieldNameBytesMax: 64,
  textValueBytesMax: 4096,
  /** The names and texts of one record value together, so that a change always fits a frame. */
  recordValueBytesMax: 32_768,
  unitBytesMax: 32,
  sensorsPerOriginMax: 100_000,
  /** Those and the tombstones of others that are not dropped yet. */
  slotsPerStreamMax: 165_536,

  /** Readings one `submit` may carry; an edge slices what is larger. */
  readingsPerSubmitMax: 10_000,
  /** Submits accepted and not yet answered by the disk; above it `submit` is refused as overloaded. */
  submitsPendingMax: 4_096,
  /** Records that are written again under a new identity go to the disk in batches of so many. */
  recordsPerRewrite: 256,
  idempotencyKeyBytesMax: 200,
  idempotencyKeysMax: 100_000,
  idempotencyKeyAgeMaxMs: 86_400_000,
  /** All keys and answers that are remembered; they are in memory and in every snapshot. */
  idempotencyBytesMax: 33_554_432,
  idempotencyAnswerBytesMax: 16_384,

  /** A frame of the peer transport, length prefix left out. Above it the framing itself counts as lost. */
  frameBytesMax: 262_144,
  /** A datagram that crosses an Ethernet without fragments. */
  datagramBytesMax: 1_400,
  /** What the readings of one gossip message may weigh; one record alone always fits a frame. */
  deltaBytesMax: 65_536,
  digestEntriesMax: 2_048,
  /** Watermarks without names that one digest lists; what is beyond goes into the next one. */
  digestPlacesMax: 8_192,
  /** Parts that digests list streams in, and how many streams each takes; four times what chance puts there. */
  bucketsMax: 65,
  streamsPerBucketMax: 1_024,
  /** A stream's name as text, which bounds a digest: origin and identity with their separators. */
  streamKeyBytesMax: 128,
  deltasPerMessageMax: 4_096,
  /** Records encoded together: a delta, a batch of one submit with its sensors' meta, a part of a snapshot. */
  recordsPerListMax: 65_536,
  /** Identities of one origin that are kept; of more, the oldest goes. */
  identitiesPerOriginMax: 4,
  originsMax: 16_384,
  /** Origins a report of a sensor's collision names. */
  collisionOriginsMax: 8,
  membersMax: 16_384,
  /** Who found a member silent, as named with the rumour: the first and those who confirm it. */
  accusersMax: 4,
  /** In the address book: those who are not there, and of those who are. */
  addressesAbsentMax: 512,
  addressesPresentMax: 64,
  rumoursPerDatagram: 12,
  rumoursPerFrame: 512,

  /** What one peer connection may hold unsent; above it gossip to that peer is skipped until it drains. */
  sendQueueBytesMax: 4_194_304,
  /** Frames kept for a peer that is being dialled. */
  dialQueueFramesMax: 64,
  /** What all of those may weigh together. */
  dialQueueBytesMax: 16_777_216,
  /** The first frame of a connection, which comes from a stranger: HELLO or ERROR. */
  helloBytesMax: 1_024,
  errorReasonBytesMax: 256,
  /** Neighbours of a centre of a star; a larger cluster has more centres. */
  starLeavesMax: 128,
  /** Connections to one peer process that may stand side by side until both sides agree on one. */
  connectionsPerPeerMax: 4,
  /** Refused connections that are kept open so that the refusal arrives; above it they are cut off. */
  refusalsLingeringMax: 64,
  dialsUnderWayMax: 64,
  /** Connections that have not agreed on TLS yet; of more, one that has taken long makes room. */
  handshakesMax: 256,
  /** Codes of `sensorium invite` that are out, or were lately. */
  invitationsMax: 64,
  /** Who has come to join or to renew a certificate and was not answered yet, and what each may say. */
  guestsMax: 16,
  guestBytesMax: 8_192,
  /** Names and addresses of one certificate. */
  certificateHostsMax: 32,
  /** Devices and people that are agreeing on TLS, at one listener; of more, one that has taken long makes room. */
  deviceHandshakesMax: 512,
  /** Keys for datagrams, a few of each peer; of more, the oldest goes. */
  datagramKeysMax: 16_384,
  /** Addresses whose back-off is remembered; of more, the longest unused goes. */
  dialsKnownMax: 1_024,
  /** Datagrams handed to the system and not yet taken by it. */
  datagramsUnderWayMax: 1_024,
  /** Messages held back by injected network faults. */
  delayedMessagesMax: 8_192,
  /** Processes whose discovery packets were answered not long ago. */
  discoveryHeardMax: 1_024,
  bootstrapPeersMax: 256,

  ingestBodyBytesMax: 4_194_304,
  ingestBatchMax: 10_000,
  ingestConnectionsMax: 1_024,
  /** Bodies being received or in work, all together; above it a request is refused as overloaded. */
  ingestBufferedBytesMax: 67_108_864,
  /** gzip bodies being inflated at once; the others wait in order. */
  ingestInflationsMax: 2,
  /** Rejected items an answer lists; it counts all of them. */
  ingestRejectedListedMax: 50,
  /** Rows of the database that stand in the order they came, before they are sorted away. */
  historyRecentRowsMax: 500_000,
  /** Rows an answer about the past may have. */
  historyRowsMax: 20_000,
  /** Questions about the past that are under way, and how long one may take. */
  historyQuestionsMax: 64,
  historyAnswerMsMax: 30_000,
  /** What one statement of a person may take. */
  sqlMsMax: 10_000,
  sqlRowsMax: 10_000,
  modbusDevicesMax: 256,
  /** Of one device. */
  modbusRegistersMax: 2_048,
  /** Problems of a file that are told at once. */
  fileProblemsMax: 50,
  /** Readings of one file that is imported: what each says is held in memory. */
  importReadingsMax: 2_000_000,
  sinksMax: 16,
  /** Patterns of sensors that one sink takes. */
  sinkPatternsMax: 64,
  /** Readings that are handed to a sink at once. */
  sinkBatchReadingsMax: 10_000,
  /** Streams of which a sink is asked how far it has them, where it stands in the order of another group. */
  sinkStreamsMax: 65_536,
  /** Messages to a sink's server that are not acknowledged yet. */
  sinkUnderWayMax: 256,
  /** Series of the line protocol whose sensor id is kept in memory. */
  lineSeriesKeptMax: 16_384,
  /** Reasons that refused input is counted by. */
  refusalReasonsMax: 64,
  refusalPayloadBytesMax: 512,

  /** Devices of a site that may come in with a token, and what each may publish and subscribe to. */
  devicesMax: 10_000,
  devicePatternsMax: 16,
  devicePatternBytesMax: 240,
  /** Acts that one answer of the audit lists, and readings that are looked through where there is no database. */
  auditRowsMax: 1_000,
  auditScanMax: 100_000,

  mqttConnectionsMax: 10_000,
  mqttTopicBytesMax: 1_024,
  /** A packet, and so a payload with its topic and properties; one message always fits a frame to another node. */
  mqttPacketBytesMax: 131_072,
  /** A retained message that is no reading, with its properties; it is kept as the value of a register. */
  mqttRetainedBytesMax: 24_000,
  /** Sessions, connected or not; of more that are not, the one away for longest goes. */
  mqttSessionsMax: 20_000,
  mqttSubscriptionsPerSessionMax: 1_024,
  /** Messages that wait for one client, and what they may weigh; of more, the oldest goes. */
  mqttQueuedMessagesMax: 10_000,
  mqttQueuedBytesMax: 4_194_304,
  /** What waits for all clients of a node together. */
  mqttQueuedBytesTotalMax: 268_435_456,
  /** Messages at QoS 1 on their way to one client, and publishes at QoS 1 or 2 of one client that are not answered. */
  mqttInflightMax: 256,
  mqttReceiveMax: 1_024,
  mqttTopicAliasMax: 64,
  /** What one client may leave unread; above it QoS 0 is dropped and QoS 1 waits. */
  mqttClientBytesMax: 1_048_576,
  /** Messages that wait to be stored; above it clients are not read. */
  mqttStoringMax: 20_000,
  mqttStoringBytesMax: 33_554_432,
  /** Topics of sensors that are known by their bytes; a power of two. */
  mqttPlainTopicsKept: 16_384,
  /** Readings of one client that are stored and settled as one. */
  mqttPlainRunMax: 256,
  /** Topics of the inbox; of more, the one silent for longest goes. */
  inboxTopicsMax: 1_024,
  /** Units and names told by discovery messages. */
  discoveredMax: 16_384,
  mqttProfileRulesMax: 64,
  mqttBridgeTopicsMax: 64,

  /** Filters a node tells others that it wants messages of; of more, it wants all. */
  interestFiltersMax: 256,
  /** Messages on their way to one other node, and what they may weigh; of more, the oldest goes. */
  relayMessagesMax: 10_000,
  relayBytesMax: 8_388_608,
  relayMessageBytesMax: 196_608,
  relaySharesMax: 64,

  /** Sensors of which a node learns how often they speak. */
  registrySensorsMax: 262_144,
  /** Sensors that people have named, grouped or labelled, and what they may say. */
  descriptionsMax: 100_000,
  descriptionBytesMax: 128,
  labelsPerSensorMax: 32,
  /** Rules of an ALERTS_CONFIG, patterns of one, and who is told. */
  alertRulesMax: 256,
  alertPatternsMax: 64,
  alertTargetsMax: 16,
  /** Alerts that are remembered, raised or not; what is raised above it is counted and not told. */
  alertsMax: 10_000,
  /** Sensors for which a rule keeps a state, in all rules. */
  alertStatesMax: 262_144,
  /** Readings that a rule of change looks back on, a sensor. */
  alertSamplesMax: 64,
  /** Deliveries that are under way at once. */
  alertDeliveriesMax: 8,
  alertAnswerBytesMax: 4_096,

  simulatedSensorsMax: 1_000,
  /** Readings of one simulated sensor on their way; above it the sensor skips. */
  sensorReadingsPendingMax: 256,
  liveClientsMax: 256,
  /** What one client of a live stream may leave unread; above it the stream is closed and the client resumes. */
  liveClientBytesMax: 1_048_576,
  factsKeptMax: 2_048,
  /** Samples of what a node looked like: an hour of them. */
  samplesKeptMax: 1_800,
  /** What all scenes of them may weigh together, and how many nodes one names. */
  sceneBytesMax: 8_388_608,
  sceneNodesMax: 64,
  /** Submits that wait for being committed; what comes above it is answered as stored. */
  commitWaitsMax: 65_536,
  /** What people have asked of the group and is not done yet. */
  commandsPendingMax: 64,
  /** Readings one page of the log may carry. */
  logPageReadingsMax: 10_000,
  /** What is read of the log at once for a page or a follower. */
  logReadBytesMax: 1_048_576,
  /** Sensors, by origin, whose latest place in the order is remembered; of more, the longest known goes. */
  placesMax: 262_144,
  /** CSV files that are open at once; of more, the longest unused is closed. */
  csvOpenFilesMax: 2_048,
  /** Sensors whose CSV files are known without looking; of more, the longest known is looked up again. */
  csvSensorsKeptMax: 131_072,
  /** Files of one sensor, each with columns of its own; in the last, values are JSON. */
  csvFilesPerSensorMax: 16,
  /** Rows that wait to be written. */
  csvPendingBytesMax: 16_777_216,
  /** Stretches of the order that a node never had, as its files remember them. */
  csvGapsMax: 256,
  updateCursorsMax: 1_024,
  controlClientsMax: 16,
  controlLineBytesMax: 2_097_152,
  controlIdleMsMax: 10_000,
  /** How much later a drilled node may be made to send. */
  drillDelayMsMax: 10_000,
  /** What the load of one drill writes and remembers; it writes no more after that. */
  drillReadingsMax: 500_000,
  drillConnectionsMax: 64,
  drillActBytesMax: 65_536,
  /** Lines of a drill's story, and reports of what was measured, of which the oldest go. */
  drillStoryMax: 200,
  drillReportsMax: 20,
  /** Changes one answer of `/api/updates` may carry; the next cursor leads on. */
  updatesPerAnswerMax: 65_536,
  /** Connections of the read-only listener; above it they are closed unanswered. */
  apiConnectionsMax: 1_024,
  /** A request's path and query, as sent. */
  apiTargetBytesMax: 2_048,
  matchLevelsMax: 64,
  webFileBytesMax: 1_048_576,

  /** A batch as it goes to the leader: one record always fits, and an entry with it fits a frame. */
  orderBatchBytesMax: 131_072,
  /** The entries of one APPEND or MISSING_SEQ_RESPONSE; the first always fits. */
  appendBytesMax: 196_608,
  appendEntriesMax: 4_096,
  /** Members of a group: voters, learners and voters to come, each. */
  groupMembersMax: 1_024,
  gapReasonBytesMax: 256,
  /** Where ballots begin, as far back as a message says it. */
  epochsPerMessageMax: 256,
  basePartBytesMax: 131_072,
  /** Entries from one base to the next, however small they are. */
  baseEveryEntriesMax: 32_768,
  /** Bases kept in memory for those who join; the log between two of them is trimmed as a whole. */
  basesMax: 1_024,
  /** Groups that went into this one, as far as they are remembered: each was founded apart once. */
  absorbedGroupsMax: 64,

  /** A snapshot is written and read in chunks of at most this. */
  snapshotChunkBytesMax: 1_048_576,
  segmentBytes: 16_777_216,
  /** What one write of the outbox may weigh; what waits beyond it goes into the next. */
  outboxGroupBytesMax: 4_194_304,
  outboxRecordBytesMax: 16_777_216 / 4,

  /** Voters of a group: `ORDER_MAX_VOTERS` may not ask for more. */
  votersMax: 15,
  /** Rows of the producer table: every identity of every origin that ever wrote. */
  producersMax: 65_536,
  /** Leaderships whose first entry a base names. */
  epochsMax: 65_536,
  baseBytesMax: 67_108_864,
  /** Both copies of the superblock have room for so much. */
  superblockBytesMax: 16_384,

  /** A file of the history log. */
  historySegmentBytes: 67_108_864,
  /** The first one, so that a small log takes little space, and one of those that wait for a full disk. */
  historyFirstSegmentBytes: 1_048_576,
  historyReserveBytes: 262_144,
  historyGroupBytesMax: 4_194_304,
  historyEntryBytesMax: 16_777_216,
  /** Blank segments that only entries without readings may take. */
  historyReserveSegments: 2,
  /** Entries that left the log are kept aside in at most so many files, each of at most so many bytes. */
  divergedFilesMax: 8,
  divergedBytesMax: 16_777_216,
  /** Sealed segments that are kept open for readers, with where in them which entry stands. */
  historyOpenSegmentsMax: 16,
  /** Readers of the log whose next place is remembered. */
  historyCursorsMax: 64,
  historyPinsMax: 64,
  /** Stretches of its log that a disk lost and others are asked for; more are found again by the next look. */
  logHolesMax: 64,
  /** Own batches that wait to be ordered and are still in memory; older ones are read from the disk. */
  outboxTailBytesMax: 16_777_216,
} as const;
