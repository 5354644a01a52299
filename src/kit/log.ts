// Where hosts and edges say what is not a fact: listening, connection lost, payload refused. A message is a
// constant sentence; what varies goes into the fields.

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export interface LogFields {
  readonly [name: string]: string | number | boolean | null;
}
