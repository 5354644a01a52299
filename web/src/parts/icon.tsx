// The few signs of the navigation, drawn as lines of one weight.

const PATHS = {
  site: 'M8 3.2a1.7 1.7 0 1 1 0 .1M3.4 12.6a1.7 1.7 0 1 1 0 .1M12.6 12.6a1.7 1.7 0 1 1 0 .1M7.2 4.8 4.2 11M8.8 4.8l3 6.2M5.2 12.7h5.6',
  sensors: 'M2 8h2.6l1.7-4.5 3.2 9 1.8-4.5H14',
  log: 'M2.5 4h1M2.5 8h1M2.5 12h1M6 4h7.5M6 8h7.5M6 12h5',
  convergence: 'M2.5 2.5h4v4h-4zM9.5 2.5h4v4h-4zM2.5 9.5h4v4h-4zM9.5 9.5h4v4h-4z',
  timeline: 'M8 2v12M8 4.5h4.5M8 8H3.5M8 11.5h3',
  replay: 'M3 8a5 5 0 1 1 1.6 3.7M3 4.2V8h3.6M8 5.4V8l2 1.4',
  inputs: 'M2 5.5h8M7.5 3 10 5.5 7.5 8M14 10.5H6M8.5 8 6 10.5 8.5 13',
  storage:
    'M3 4c0-1.1 2.2-2 5-2s5 .9 5 2-2.2 2-5 2-5-.9-5-2zM3 4v8c0 1.1 2.2 2 5 2s5-.9 5-2V4M3 8c0 1.1 2.2 2 5 2s5-.9 5-2',
  drill: 'M9 1.8 3.8 9H8l-1 5.2L12.2 7H8z',
  api: 'M5.5 4 2 8l3.5 4M10.5 4 14 8l-3.5 4',
  search: 'M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9zM10.3 10.3 14 14',
  moon: 'M13 9.5A5.5 5.5 0 0 1 6.5 3a5.5 5.5 0 1 0 6.5 6.5z',
  crown: 'M2.5 5l2.8 2.6L8 3l2.7 4.6L13.5 5l-1 7.5h-9z',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
