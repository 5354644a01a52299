// The page's connection to a node. When that node dies, the page goes on with another one it knows of.
//
// EventSource itself comes back to the same node and resumes where it was; only when that takes too long are the
// others asked. A node counts as one of ours when it says the name and site that it was known by.

/** How long a node may be silent, an asked one may take, and how often all are asked again. */
export const TIMING = { patienceMs: 3000, probeMs: 1500, againMs: 2000, membersMs: 2000 };

export class Link {
  #handlers;
  #timing;
  #refresh = 0;
  #stopped = false;
  #base = '';
  #source = null;
  #self = null;
  #members = [];
  /** What the stream brings while everything is read; it is newer, so it comes after. Null at other times. */
  #held = null;
  #patience = 0;
  #lostAt = 0;
  #home = null;

  /** `handlers`: hello, all, reading, forgotten, fact, members, and state(name, details). */
  constructor(handlers, timing) {
    this.#handlers = handlers;
    this.#timing = timing;
  }

  /** `base`: where the node listens; '' for the one the page came from. */
  start(base) {
    this.#connect(base);
    this.#refresh = setInterval(() => this.#refreshMembers(), this.#timing.membersMs);
  }

  stop() {
    this.#stopped = true;
    clearInterval(this.#refresh);
    clearTimeout(this.#patience);
    this.#source.close();
  }

  #connect(base) {
    this.#base = base;
    const source = new EventSource(`${base}/api/v1/live`);
    this.#source = source;
    this.#waitFor();

    const on = (event, handle) =>
      source.addEventListener(event, ({ data }) => {
        if (source === this.#source) handle(JSON.parse(data));
      });
    on('hello', (hello) => this.#hello(hello));
    on('reset', () => this.#readAll());
    on('reading', (row) => this.#inOrder(() => this.#handlers.reading(row)));
    on('forgotten', ({ sensor }) => this.#inOrder(() => this.#handlers.forgotten(sensor)));
    on('fact', (event) => this.#inOrder(() => this.#handlers.fact(event)));
    source.onerror = () => {
      if (source !== this.#source) return;
      if (this.#patience === 0) this.#handlers.state('waiting', { node: this.#self });
      this.#waitFor();
      if (source.readyState === EventSource.CLOSED) this.#lose();
    };
  }

  #hello(hello) {
    clearTimeout(this.#patience);
    this.#patience = 0;
    this.#lostAt = 0;
    this.#self = hello.node;
    this.#home ??= { base: this.#base, node: hello.node, site: hello.site };
    this.#handlers.hello(hello);
    this.#handlers.state('live', { node: hello.node, home: this.#home.node });
    if (!hello.resumed) this.#readAll();
    this.#refreshMembers();
  }

  /** After the stream is open, so that no change falls between the two. */
  async #readAll() {
    const held = [];
    this.#held = held;
    try {
      const [rows, events] = await Promise.all([
        this.#get('/api/v1/latest'),
        this.#get('/api/v1/events?limit=100'),
      ]);
      if (held === this.#held) this.#handlers.all(rows, events);
    } catch {
      // The stream notices when the node is gone.
    }
    // Another reading of everything has begun meanwhile: it brings what this one held.
    if (held !== this.#held) return;
    this.#held = null;
    for (const handle of held) handle();
  }

  #inOrder(handle) {
    if (this.#held === null) handle();
    else this.#held.push(handle);
  }

  async #refreshMembers() {
    if (this.#patience !== 0 || document.hidden) return;
    try {
      this.#members = await this.#get('/api/v1/members');
      this.#handlers.members(this.#members);
    } catch {
      // As above.
    }
  }

  async #get(path) {
    const base = this.#base;
    const response = await fetch(base + path, { signal: AbortSignal.timeout(this.#timing.probeMs * 4) });
    if (!response.ok) throw new Error(`${path} answered ${response.status}`);
    const body = await response.json();
    if (base !== this.#base) throw new Error('another node is being asked by now');
    return body;
  }

  #waitFor() {
    if (this.#patience !== 0) return;
    this.#lostAt ||= Date.now();
    this.#patience = setTimeout(() => this.#lose(), this.#timing.patienceMs);
  }

  async #lose() {
    clearTimeout(this.#patience);
    this.#source.close();
    const lost = { node: this.#self, since: this.#lostAt };
    while (!this.#stopped) {
      this.#handlers.state('searching', lost);
      const base = await this.#findAnother();
      if (this.#stopped) return;
      if (base !== null) {
        this.#patience = 0;
        this.#connect(base);
        return;
      }
      this.#handlers.state('alone', lost);
      await new Promise((again) => setTimeout(again, this.#timing.againMs));
    }
  }

  async #findAnother() {
    const likely = this.#members.filter((member) => member.api_port > 0 && member.id !== this.#self);
    likely.sort((a, b) => Number(b.status === 'alive') - Number(a.status === 'alive'));
    const bases = likely.flatMap((member) => {
      const hosts = new Set([hostText(member.host), location.hostname]);
      return [...hosts].map((host) => ({ base: `http://${host}:${member.api_port}`, node: member.id }));
    });
    bases.push(
      { base: this.#base, node: this.#self },
      { base: this.#home?.base ?? this.#base, node: this.#home?.node ?? null },
    );
    for (const { base, node } of bases) if (await this.#isOurs(base, node)) return base;
    return null;
  }

  async #isOurs(base, node) {
    try {
      const response = await fetch(`${base}/healthz`, { signal: AbortSignal.timeout(this.#timing.probeMs) });
      const health = await response.json();
      return node === null || (health.node === node && health.site === this.#home?.site);
    } catch {
      return false;
    }
  }
}

function hostText(host) {
  return host.includes(':') ? `[${host}]` : host;
}
