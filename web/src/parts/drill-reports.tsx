// What was done to a drilled cluster, and what it cost. SPEC rules CL31, UI27.

import type { DeskState, Report } from '../../../src/cli/drill/desk-state.ts';
import { countText, spanText, timeText } from '../words/text.ts';
import { Badge } from './badge.tsx';
import { Empty, Facts } from './panel.tsx';

export const TITLES: { readonly [drill: string]: string } = {
  'kill-leader': 'Kill the leader',
  'pause-leader': 'Pause the leader',
  partition: 'Cut the leader off',
};

export function Story({ story }: { readonly story: DeskState['story'] }) {
  if (story.length === 0) return <Empty title="Nothing was done yet" />;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard.
    <ol class="drill-story" tabIndex={0}>
      {story.toReversed().map(({ at_ms, text }, at) => (
        <li key={`${at_ms} ${story.length - at}`}>
          <time dateTime={new Date(at_ms).toISOString()}>{timeText(at_ms)}</time>
          {text}
        </li>
      ))}
    </ol>
  );
}

export function Reports({ reports }: { readonly reports: readonly Report[] }) {
  if (reports.length === 0) {
    return <Empty title="No report yet">A drill, or what you measure yourself, ends with one.</Empty>;
  }
  return (
    <ol class="drill-reports">
      {reports.toReversed().map((one) => (
        <li key={one.at_ms}>
          <h3>
            {TITLES[one.title] ?? one.title} <small>{timeText(one.at_ms)}</small>
            <ReportBadge one={one} />
          </h3>
          {one.report === null ? <p>{one.failed}</p> : <Facts facts={factsOf(one.report)} />}
        </li>
      ))}
    </ol>
  );
}

function ReportBadge({ one: { report } }: { readonly one: Report }) {
  if (report === null) return <Badge tone="bad">failed</Badge>;
  const isSound = report.lost === 0 && report.doubled === 0 && report.equal;
  return (
    <Badge tone={isSound ? 'good' : 'bad'}>{isSound ? 'nothing lost, all equal' : 'NOT AS IT MUST BE'}</Badge>
  );
}

function factsOf(report: NonNullable<Report['report']>) {
  const {
    leader_before,
    leader_after,
    outage_ms,
    committed,
    pending,
    unanswered,
    lost,
    doubled,
    recovered_ms,
  } = report;
  return [
    {
      name: 'Leader',
      value: leader_before === leader_after ? leader_after : `${leader_before} → ${leader_after}`,
    },
    {
      name: 'Outage',
      value: spanText(outage_ms),
      title: 'The longest time in which nothing was committed anywhere',
    },
    { name: 'Equal again after', value: spanText(recovered_ms) },
    { name: 'Answered as committed', value: countText(committed) },
    { name: 'Answered as stored', value: countText(pending) },
    { name: 'Unanswered', value: countText(unanswered) },
    { name: 'Lost', value: countText(lost) },
    { name: 'Doubled', value: countText(doubled) },
  ];
}
