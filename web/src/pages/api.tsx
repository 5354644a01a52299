// The node's read API, from its own OpenAPI document, to be tried in place. SPEC rule UI28.

import { useEffect, useState } from 'preact/hooks';
import { problemText } from '../live/polled.ts';
import { get, linkState } from '../live/store.ts';
import { Badge } from '../parts/badge.tsx';
import { CopyLine, Search } from '../parts/controls.tsx';
import { Empty, Panel } from '../parts/panel.tsx';
import { href, route, setParams } from '../router.ts';
import { type Document, type Parameter, type Path, pathsOf, queryOf } from '../words/openapi.ts';
import { bytesText, countText } from '../words/text.ts';
import '../styles/api.css';

/** What is shown of an answer, and how long a stream is listened to. */
const SHOWN_BYTES = 100_000;
const LISTEN_MS = 4_000;

export function ApiPage() {
  const { paths, problem } = usePaths();
  const { q = '' } = route.value.params;
  const chosen = route.value.arg;
  if (paths === null) {
    return (
      <Panel title="API">
        <Empty title={problem === '' ? 'Reading the document …' : 'The document could not be read'}>
          {problem}
        </Empty>
      </Panel>
    );
  }
  const words = q.toLowerCase();
  const shown = paths.filter(({ path, summary }) => `${path} ${summary}`.toLowerCase().includes(words));
  const path = paths.find((one) => one.path === chosen) ?? shown[0] ?? paths[0];
  return (
    <div class="api">
      <Panel
        title="Paths"
        note={countText(shown.length)}
        actions={
          <>
            <Search
              label="Find a path"
              placeholder="Find a path"
              value={q}
              change={(text) => setParams({ q: text })}
              hasKey
            />
            <a class="button" href={`${linkState.value.base}/api/openapi.json`}>
              openapi.json
            </a>
          </>
        }
        class="api-paths"
        flush
      >
        <PathList paths={shown} chosen={path?.path ?? ''} q={q} />
      </Panel>
      {path && <Trial key={path.path} path={path} />}
    </div>
  );
}

/** Each path is a page of its own, which begins with what the one before it has read. */
let lastRead: readonly Path[] | null = null;

function usePaths() {
  const { base } = linkState.value;
  const [state, setState] = useState<{ readonly paths: readonly Path[] | null; readonly problem: string }>({
    paths: lastRead,
    problem: '',
  });
  useEffect(() => {
    const stop = new AbortController();
    get<Document>('/api/openapi.json', stop.signal)
      .then((document) => {
        lastRead = pathsOf(document);
        setState({ paths: lastRead, problem: '' });
      })
      .catch((error) => {
        if (!stop.signal.aborted) setState(({ paths }) => ({ paths, problem: problemText(error) }));
      });
    return () => stop.abort();
  }, [base]);
  return state;
}

function PathList({
  paths,
  chosen,
  q,
}: {
  readonly paths: readonly Path[];
  readonly chosen: string;
  readonly q: string;
}) {
  if (paths.length === 0) return <Empty title="No path matches" />;
  const groups = [...new Set(paths.map(({ group }) => group))];
  return (
    <>
      {groups.map((group) => (
        <section key={group} class="api-group" aria-label={group}>
          <h3>{group}</h3>
          <ul>
            {paths
              .filter((path) => path.group === group)
              .map(({ path, summary }) => (
                <li key={path}>
                  <a href={href('api', path, { q })} aria-current={path === chosen ? 'true' : undefined}>
                    <code>{path}</code>
                    <span>{summary}</span>
                  </a>
                </li>
              ))}
          </ul>
        </section>
      ))}
    </>
  );
}

interface Got {
  readonly status: string;
  readonly isGood: boolean;
  readonly type: string;
  readonly tookMs: number;
  readonly bytes: number;
  readonly text: string;
}

function Trial({ path }: { readonly path: Path }) {
  const [given, setGiven] = useState<{ readonly [name: string]: string }>({});
  const [got, setGot] = useState<Got | null>(null);
  const [isAsking, setAsking] = useState(false);
  const { base } = linkState.value;
  const url = `${base === '' ? location.origin : base}${queryOf(path.path, given)}`;
  const ask = async () => {
    setAsking(true);
    setGot(await answerOf(url, path.isStream));
    setAsking(false);
  };
  return (
    <Panel
      title={path.path}
      note={path.types.join(', ')}
      actions={
        <button type="submit" form="trial" class="button" data-primary="true" disabled={isAsking}>
          {isAsking ? (path.isStream ? 'Listening …' : 'Asking …') : path.isStream ? 'Listen for 4 s' : 'Ask'}
        </button>
      }
      class="api-trial"
    >
      <p>{path.summary}</p>
      {path.description !== '' && (
        <p class="api-description">
          <Said text={path.description} />
        </p>
      )}
      <form
        id="trial"
        class="api-parameters"
        onSubmit={(event) => {
          event.preventDefault();
          void ask();
        }}
      >
        {path.parameters.map((parameter) => (
          <ParameterField
            key={parameter.name}
            parameter={parameter}
            value={given[parameter.name] ?? ''}
            change={(value) => setGiven({ ...given, [parameter.name]: value })}
          />
        ))}
      </form>
      <CopyLine label="curl" text={`curl ${path.isStream ? '-N ' : ''}'${url}'`} />
      <ul class="api-statuses">
        {path.statuses.map(({ status, description }) => (
          <li key={status}>
            <Badge tone={status.startsWith('2') ? 'good' : 'quiet'}>{status}</Badge>{' '}
            <Said text={description} />
          </li>
        ))}
      </ul>
      {got !== null && <Answered got={got} />}
    </Panel>
  );
}

/** The document marks names as Markdown does. */
function Said({ text }: { readonly text: string }) {
  return (
    <>
      {text.split('`').map((part, at) => (at % 2 === 1 ? <code key={`${at} ${part}`}>{part}</code> : part))}
    </>
  );
}

interface ParameterFieldProps {
  readonly parameter: Parameter;
  readonly value: string;
  readonly change: (value: string) => void;
}

function ParameterField({ parameter, value, change }: ParameterFieldProps) {
  const { name, isRequired, description, example, allowed } = parameter;
  const id = `parameter-${name}`;
  return (
    <div class="api-parameter">
      <label for={id}>
        <code>{name}</code>
        {isRequired && ' (required)'}
      </label>
      {allowed.length > 0 ? (
        <select id={id} value={value} onChange={({ currentTarget }) => change(currentTarget.value)}>
          <option value="">–</option>
          {allowed.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      ) : (
        <input
          id={id}
          type="text"
          value={value}
          placeholder={example}
          spellcheck={false}
          onInput={({ currentTarget }) => change(currentTarget.value)}
        />
      )}
      {description !== '' && (
        <small>
          <Said text={description} />
        </small>
      )}
    </div>
  );
}

function Answered({ got: { status, isGood, type, tookMs, bytes, text } }: { readonly got: Got }) {
  return (
    <section class="api-answer" aria-label="The answer">
      <p>
        <Badge tone={isGood ? 'good' : 'bad'}>{status}</Badge> {type}{' '}
        <small>
          {Math.round(tookMs)} ms, {bytesText(bytes)}
          {bytes > SHOWN_BYTES && `, of which ${bytesText(SHOWN_BYTES)} are shown`}
        </small>
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard. */}
      <pre tabIndex={0}>{text}</pre>
    </section>
  );
}

async function answerOf(url: string, isStream: boolean): Promise<Got> {
  const startMs = performance.now();
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), isStream ? LISTEN_MS : 30_000);
  let text = '';
  try {
    const response = await fetch(url, { signal: stop.signal, cache: 'no-store' });
    const type = response.headers.get('content-type') ?? '';
    const said = { status: `${response.status} ${response.statusText}`.trim(), isGood: response.ok, type };
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    try {
      for (let part = await reader?.read(); part && !part.done; part = await reader?.read())
        text += part.value;
    } catch (error) {
      if (!(isStream && stop.signal.aborted)) throw error;
    }
    return { ...said, tookMs: performance.now() - startMs, bytes: text.length, text: pretty(text, type) };
  } catch (error) {
    const tookMs = performance.now() - startMs;
    return { status: 'no answer', isGood: false, type: '', tookMs, bytes: 0, text: problemText(error) };
  } finally {
    clearTimeout(timer);
  }
}

function pretty(text: string, type: string): string {
  if (text.length <= SHOWN_BYTES && type.includes('json') && !type.includes('ndjson')) {
    try {
      return JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      return text;
    }
  }
  return text.slice(0, SHOWN_BYTES);
}
