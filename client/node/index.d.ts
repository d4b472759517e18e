// The client's types, written by hand. Times are in seconds.

/** A value that a capture is compared with: null is nothing, a list all of it. */
export type Expected = string | number | bigint | boolean | null | RegExp | ((value: any) => unknown) | Expected[];

export interface Match {
  to?: Expected;
  sender?: Expected;
  from?: Expected;
  subject?: Expected;
  text?: Expected;
  html?: Expected;
  link?: Expected;
  code?: Expected;
  attachment?: Expected;
  provider?: Expected;
  operation?: Expected;
  amount?: Expected;
  currency?: Expected;
  idempotencyKey?: Expected;
  bucket?: Expected;
  key?: Expected;
  template?: Expected;
  messageId?: Expected;
  name?: Expected;
  what?: Expected;
  scheme?: Expected;
  host?: Expected;
  port?: Expected;
  method?: Expected;
  path?: Expected;
  body?: Expected;
  channel?: Expected;
  intent?: Expected;
  protocol?: Expected;
  source?: Expected;
  verdict?: Expected;
  rule?: Expected;
  left?: Expected;
  flag?: Expected;
  json?: Record<string, Expected>;
  form?: Record<string, Expected>;
  headers?: Record<string, Expected>;
  facts?: Record<string, Expected>;
}

export interface Wait extends Match {
  /** Seconds, 10 where nothing else is said. */
  timeout?: number;
}

export interface Attachment {
  readonly name: string | null;
  readonly contentType: string;
  readonly size: number;
  content(): Promise<Buffer>;
}

export interface Captured {
  readonly id: string;
  readonly at: string;
  readonly run: string;
  readonly window: string | undefined;
  readonly source: string;
  readonly channel: string;
  readonly intent: 'read' | 'write' | 'auth' | 'connect';
  readonly protocol: string;
  readonly provider: string | null;
  readonly operation: string | null;
  readonly verdict: 'allow' | 'divert' | 'capture' | 'deny';
  readonly rule: string;
  readonly reason: string;
  readonly fidelity: string;
  readonly left: boolean;
  readonly flags: string[];
  readonly scheme: string | undefined;
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly method: string | undefined;
  readonly path: string | undefined;
  /** Its page on the dashboard. */
  readonly url: string;
  readonly facts: Readonly<Record<string, any>>;
  readonly to: string[];
  readonly sender: string | undefined;
  readonly subject: string | undefined;
  readonly text: string;
  readonly html: string | undefined;
  readonly links: string[];
  readonly codes: string[];
  readonly attachments: Attachment[];
  readonly headers: Record<string, string>;
  /** All that the API says of it. */
  readonly asJson: Record<string, any>;
  raw(): Promise<Buffer>;
  json(): any;
  link(part?: string): string;
  code(): string;
}

export interface Collection {
  waitFor(match?: Wait): Promise<Captured>;
  one(match?: Wait): Promise<Captured>;
  all(match?: Match): Promise<Captured[]>;
  count(match?: Match): Promise<number>;
  none(match?: Match): Promise<void>;
}

export interface Stage {
  readonly email: Collection;
  readonly sms: Collection;
  readonly push: Collection;
  readonly payments: Collection;
  readonly webhooks: Collection;
  readonly chat: Collection;
  readonly storage: Collection;
  readonly queue: Collection;
  readonly schedule: Collection;
  readonly web: Collection;
  readonly dns: Collection;
  readonly sockets: Collection;
  readonly everything: Collection;
  settle(): Promise<void>;
  assertNothingElse(): Promise<void>;
  assertNothingLeft(): Promise<void>;
}

export interface RunOptions {
  id?: string;
  sources?: string[];
  listener?: boolean;
  canaries?: boolean;
  services?: string[];
}

export interface Server {
  host: string;
  port: number;
  username: string;
  password: string;
}

export interface Verdict {
  verdict: 'clean' | 'violated' | 'inconclusive';
  reasons: string[];
  rows: Record<string, any>[];
  counts: Record<string, any>;
}

export class Soundstage implements Stage {
  private constructor();
  static connect(where?: { url?: string; token?: string; run?: string }): Promise<Soundstage>;
  openRun(name?: string, options?: RunOptions): Promise<Run>;
  existingRun(id: string): Promise<Run>;
  run<T>(name: string, work: (run: Run) => T | Promise<T>, options?: RunOptions): Promise<T>;
}
export interface Soundstage extends Stage {}

export class Run implements Stage {
  private constructor();
  readonly id: string;
  readonly name: string;
  readonly variables: Record<string, string>;
  readonly proxy: (Server & { url: string }) | undefined;
  readonly smtp: Server | undefined;
  readonly listener: Record<string, string> | undefined;
  readonly isHeld: boolean;
  nodeVariables(options?: { services?: string[] }): Record<string, string>;
  told(): Promise<Record<string, any>>;
  openWindow(name: string): Promise<Window>;
  window<T>(name: string, work: (window: Window) => T | Promise<T>): Promise<T>;
  verify(text: string, options?: { file?: string; allowUncontained?: boolean }): Promise<Verdict>;
  finish(verdict?: Verdict['verdict']): Promise<Record<string, any>>;
}
export interface Run extends Stage {}

export class Window implements Stage {
  private constructor();
  readonly name: string;
  close(): Promise<Record<string, any>>;
}
export interface Window extends Stage {}

export interface OwnGateway {
  readonly url: string;
  readonly token: string;
  readonly dataDir: string;
  readonly variables: { SOUNDSTAGE_URL: string; SOUNDSTAGE_TOKEN: string };
  stop(): Promise<void>;
}
export function startSoundstage(options?: {
  command?: string[];
  environ?: Record<string, string | undefined>;
}): Promise<OwnGateway>;

export interface ContainerOptions {
  /** `soundstage` where nothing is said; never pulled. */
  image?: string;
  tag?: string;
  /** docker, podman or a path; else the first of the two on PATH. */
  engine?: string;
  /** A policy file. */
  policy?: string;
  /** Further SOUNDSTAGE_* variables. */
  settings?: Record<string, string>;
  /** How many runs at a time may have listeners of their own. */
  listeners?: number;
  /** Seconds that it may take to be ready. */
  ready?: number;
}
export class SoundstageContainer {
  private constructor();
  static start(options?: ContainerOptions): Promise<SoundstageContainer>;
  readonly image: string;
  readonly url: string;
  readonly token: string;
  readonly variables: { SOUNDSTAGE_URL: string; SOUNDSTAGE_TOKEN: string };
  readonly log: string;
  stop(): Promise<void>;
}

export class SoundstageError extends Error {}
export class Unanswered extends SoundstageError {}
export class Refused extends SoundstageError {
  readonly status: number;
}
export class Inconclusive extends SoundstageError {}
export class NotAsExpected extends Error {}

/** What the adapters of test runners take. */
export interface SessionOptions {
  url?: string;
  token?: string;
  timeout?: number;
  quiet?: number;
  atMost?: number;
  strays?: 'fail' | 'warn';
  /** Whether a run of which nothing was seen, and which could go round, may pass. */
  allowUncontained?: boolean;
  /** Whether each test fails that has a side effect. */
  forbid?: boolean;
}
export interface InProcessOptions extends SessionOptions {
  /** `host:port` of what the tests may reach as ever. */
  services?: string[];
}
/** The window of the test that runs now. */
export interface Live extends Stage {
  readonly run: Run;
}
