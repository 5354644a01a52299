// Looks at a JSON text where the parser keeps silent: which part of it is which item of the list, and whether
// an object names a field twice (of which the parser would keep the last).

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

export interface JsonItem {
  readonly from: number;
  readonly to: number;
  /** Colons outside strings: one for each field written, however deep. */
  readonly fields: number;
}

/** The items of a valid JSON list. */
export function itemsOf(text: string): readonly JsonItem[] {
  const items: JsonItem[] = [];
  let depth = 0;
  let from = 0;
  let fields = 0;
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case QUOTE:
        i = endOfString(text, i);
        break;
      case COLON:
        fields++;
        break;
      case OPEN_LIST:
      case OPEN_OBJECT:
        if (depth++ === 0) from = i + 1;
        break;
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        if (--depth === 0) items.push({ from, to: i, fields });
        break;
      case COMMA:
        if (depth !== 1) break;
        items.push({ from, to: i, fields });
        from = i + 1;
        fields = 0;
        break;
    }
  }
  return items;
}

/** How many fields a valid JSON text writes, in all objects in it. */
export function fieldsWritten(text: string): number {
  let fields = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === COLON) fields++;
    else if (unit === QUOTE) i = endOfString(text, i);
  }
  return fields;
}

/** Where the string that opens at `from` closes. */
function endOfString(text: string, from: number): number {
  for (let i = from + 1; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === QUOTE) return i;
    if (unit === BACKSLASH) i++;
  }
  return text.length;
}
