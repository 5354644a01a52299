// sensorium(1), from the commands and the table of options that the help is made of. SPEC rule OP8.

import { helpText } from '../../config/docs.ts';
import { flagOf } from '../../config/option.ts';
import { GROUPS } from '../../config/options.ts';
import type { Place } from './words.ts';

const EXIT_CODES: readonly (readonly [string, string])[] = [
  ['0', 'The work is done; a node was asked to stop and has stopped.'],
  ['1', 'The work could not be done: why is one line on standard error.'],
  [
    '2',
    'An option or argument is wrong, a port is in use, or a directory cannot be used; nothing was started.',
  ],
  ['70', 'The program broke a promise to itself: please report it with the log.'],
];

export function manPage(places: readonly Place[], version: string): string {
  const commands = places.filter(({ path, commands }) => path !== '' && commands.length === 0);
  return `${[
    `.TH SENSORIUM 1 "" "Sensorium ${roff(version)}" "User Commands"`,
    '.SH NAME',
    'sensorium \\- every node takes readings, every node has all of them',
    '.SH SYNOPSIS',
    '.B sensorium',
    '.I command',
    '[\\fIoptions\\fR]',
    '.SH DESCRIPTION',
    'A peer\\-to\\-peer hub for sensor data: one process on each machine of a site. Devices speak to whichever node is near;',
    'every node shows the latest reading of every sensor and keeps all of them in one common order.',
    '.SH COMMANDS',
    ...commands.flatMap(commandEntry),
    '.SH OPTIONS OF A NODE',
    'Each is a flag, a variable of the environment, a line of \\fB\\-\\-env\\-file\\fR or a key of \\fB\\-\\-config\\fR under',
    'the same name, in this order of precedence.',
    ...GROUPS.flatMap(({ title, options }) => [
      `.SS ${roff(title)}`,
      ...options.flatMap((option) => [
        '.TP',
        `\\fB${roff(flagOf(option.name))}\\fR, \\fB${roff(option.name)}\\fR`,
        `${roff(option.help)} Must be ${roff(option.kind.allowed)}. Default: ${roff(option.defaultText ?? option.kind.show(option.default))}.`,
      ]),
    ]),
    '.SS Sensors',
    '.nf',
    ...roff(helpText().split('\n\n').filter(isAboutSensors).join('\n\n')).split('\n'),
    '.fi',
    '.SH EXIT STATUS',
    ...EXIT_CODES.flatMap(([code, meaning]) => ['.TP', `.B ${code}`, roff(meaning)]),
    '.SH SIGNALS',
    'SIGTERM and SIGINT end a node. SIGHUP has it read its configuration again and open its log file anew.',
  ].join('\n')}\n`;
}

function isAboutSensors(paragraph: string): boolean {
  return paragraph.startsWith('Sensors,') || paragraph.startsWith('Types of sensors');
}

function commandEntry({ path, usage, help, flags }: Place): readonly string[] {
  return [
    '.TP',
    `\\fBsensorium ${roff(path)}\\fR ${roff(usage)}`.trimEnd(),
    `${roff(help)}.`,
    ...flags.flatMap(({ word, help: what, takesValue }) => [
      '.RS',
      '.TP',
      `\\fB${roff(word)}\\fR${takesValue ? ' \\fIvalue\\fR' : ''}`,
      roff(what),
      '.RE',
    ]),
  ];
}

/** A line may not begin with a dot or a quote, a hyphen in an option is a minus, and letters beyond ASCII have names. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll(/^(?=[.'])/gm, '\\&')
    .replaceAll(/[^\n -~]/gu, (letter) => `\\[u${hexOf(letter)}]`);
}

function hexOf(letter: string): string {
  return (letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
}
