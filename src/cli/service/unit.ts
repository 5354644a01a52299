// The systemd unit of a node: ready when its listeners answer, watched while it runs, and allowed to write nothing but its
// own directory. SPEC rule OP9.

export interface UnitOptions {
  /** What starts the program, as words. */
  readonly program: readonly string[];
  /** Lines NAME=VALUE; it may be missing. */
  readonly envFile: string;
  /** A user of this machine; null has systemd make one for the service. */
  readonly user: string | null;
}

const WATCHDOG_S = 30;

export function unitText({ program, envFile, user }: UnitOptions): string {
  const who = user === null ? ['DynamicUser=yes'] : [`User=${user}`, `Group=${user}`];
  return `${[
    '[Unit]',
    'Description=Sensorium node: sensor readings of a site, on every node',
    'Documentation=man:sensorium(1)',
    'Wants=network-online.target',
    'After=network-online.target time-sync.target',
    '',
    '[Service]',
    'Type=notify',
    // The program says so through systemd-notify, a process of its own.
    'NotifyAccess=all',
    `WatchdogSec=${WATCHDOG_S}`,
    `ExecStart=${program.map(quoted).join(' ')} node`,
    'ExecReload=/bin/kill -HUP $MAINPID',
    'KillSignal=SIGTERM',
    'TimeoutStartSec=300',
    'TimeoutStopSec=15',
    'Restart=on-failure',
    'RestartSec=2',
    '# An option is wrong: another start would not help.',
    'RestartPreventExitStatus=2',
    ...who,
    'StateDirectory=sensorium',
    'StateDirectoryMode=0700',
    'LogsDirectory=sensorium',
    'WorkingDirectory=/var/lib/sensorium',
    'Environment=NODE_ENV=production DATA_DIR=/var/lib/sensorium',
    `EnvironmentFile=-${envFile}`,
    'LimitNOFILE=65536',
    'NoNewPrivileges=yes',
    'ProtectSystem=strict',
    'ProtectHome=yes',
    'PrivateTmp=yes',
    'PrivateDevices=yes',
    'ProtectKernelTunables=yes',
    'ProtectKernelModules=yes',
    'ProtectControlGroups=yes',
    'RestrictSUIDSGID=yes',
    'RestrictRealtime=yes',
    'LockPersonality=yes',
    'RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK',
    'CapabilityBoundingSet=',
    'UMask=0077',
    '',
    '[Install]',
    'WantedBy=multi-user.target',
  ].join('\n')}\n`;
}

/** As systemd reads a word: `%` would begin a specifier, `$` a variable. */
function quoted(word: string): string {
  const safe = word.replaceAll('%', '%%').replaceAll('$', '$$$$');
  return /^[\w@%+=:,./$-]+$/.test(safe) ? safe : `"${safe.replaceAll(/["\\]/g, '\\$&')}"`;
}
