// The completion of a shell, as a script that is sourced once. It asks nobody: all words stand in it. SPEC rule OP7.

import { nodeFlags, type Place } from './words.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

export function completionScript(shell: Shell, places: readonly Place[]): string {
  switch (shell) {
    case 'bash':
      return bash(places);
    case 'zsh':
      return zsh(places);
    case 'fish':
      return fish(places);
  }
}

function bash(places: readonly Place[]): string {
  const cases = places.map(({ path, ...place }) => {
    const words = [...wordsOf(place), ...(place.takesNodeOptions ? ['$node'] : [])].join(' ');
    return `    '${path}') words="${words}" ;;`;
  });
  return `# sensorium completion bash: source <(sensorium completion bash)
_sensorium() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} path='' word words
  local node="${nodeFlags()
    .map(({ word }) => word)
    .join(' ')}"
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "\${path:+$path }$word" in
      ${commandPaths(places)}) path="\${path:+$path }$word" ;;
    esac
  done
  case "$before" in
    --config|--env-file|--out|--data-dir|--log-file|--modbus-config) COMPREPLY=($(compgen -f -- "$current")); return ;;
  esac
  case "$path" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _sensorium sensorium
`;
}

function zsh(places: readonly Place[]): string {
  const cases = places.map((place) => {
    const words = [...place.commands, ...place.flags, ...place.choices.map((word) => ({ word, help: '' }))];
    const described = [...words, ...(place.takesNodeOptions ? nodeFlags() : [])].map(
      ({ word, help }) => `'${word}:${quotable(help)}'`,
    );
    return `    '${place.path}') offered=(${described.join(' ')}) ;;`;
  });
  return `#compdef sensorium
# sensorium completion zsh > "\${fpath[1]}/_sensorium"
_sensorium() {
  local place='' word
  local -a line offered
  line=("\${(@)words[2,CURRENT-1]}")
  for word in "\${line[@]}"; do
    case "\${place:+$place }$word" in
      (${commandPaths(places)}) place="\${place:+$place }$word" ;;
    esac
  done
  case "$place" in
${cases.join('\n')}
  esac
  _describe 'sensorium' offered || _files
}
compdef _sensorium sensorium
`;
}

function fish(places: readonly Place[]): string {
  const lines = places.flatMap((place) => {
    const seen = place.path.split(' ').filter((word) => word !== '');
    const others = place.commands.map(({ word }) => word).join(' ');
    const within = seen.map((word) => `__fish_seen_subcommand_from ${word}`);
    const open = [...within, ...(others === '' ? [] : [`not __fish_seen_subcommand_from ${others}`])].join(
      '; and ',
    );
    const flags = [...place.flags, ...(place.takesNodeOptions ? nodeFlags() : [])];
    return [
      ...place.commands.map(
        ({ word, help }) => `complete -c sensorium -f -n '${open}' -a ${word} -d '${quotable(help)}'`,
      ),
      ...place.choices.map((word) => `complete -c sensorium -f -n '${open}' -a ${word}`),
      ...flags.map(
        ({ word, help, takesValue }) =>
          `complete -c sensorium -n '${within.join('; and ') || 'true'}' -l ${word.slice(2)}${takesValue ? ' -r' : ''} -d '${quotable(help)}'`,
      ),
    ];
  });
  return `# sensorium completion fish > ~/.config/fish/completions/sensorium.fish\n${lines.join('\n')}\n`;
}

function wordsOf({ commands, flags, choices }: Omit<Place, 'path'>): readonly string[] {
  return [...commands.map(({ word }) => word), ...choices, ...flags.map(({ word }) => word)];
}

function commandPaths(places: readonly Place[]): string {
  return places.flatMap(({ path }) => (path === '' ? [] : [`'${path}'`])).join('|');
}

function quotable(text: string): string {
  return text.replaceAll("'", '’').replaceAll(':', '\\:').replaceAll('\n', ' ');
}
