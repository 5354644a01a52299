// Orders that do not depend on a locale. `<` on strings compares code units, which for the ASCII ids of peers
// is byte order.

export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
