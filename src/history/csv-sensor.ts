// One sensor's files: the first has the fields of its first committed reading as columns; a reading with other
// fields opens the next. Which file a reading goes to is a function of the sensor's readings before it. SPEC rules
// HI2, HI4.

import { csvText, csvTime, csvValue } from '../model/csv.ts';
import type { SensorId } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import type { Value } from '../model/reading.ts';

export interface CsvFile {
  readonly name: string;
  /** Names of the value's columns. The one column of the last file that a sensor may have holds JSON. */
  readonly columns: readonly string[];
  readonly isJson: boolean;
  /** The place of the last line that was given to it; 0 when it has none yet. */
  upto: number;
}

const SCALAR_COLUMNS: readonly string[] = ['value'];
const FIXED_COLUMNS = 3;

export class CsvSensor {
  readonly #sensorText: string;
  readonly #files: CsvFile[];

  constructor(sensor: SensorId, files: CsvFile[]) {
    this.#sensorText = csvText(sensor);
    this.#files = files;
  }

  get files(): readonly CsvFile[] {
    return this.#files;
  }

  /** The first file that has a column for each field of the value; null: it takes another. */
  fileFor(value: Value): CsvFile | null {
    for (const file of this.#files) if (fits(file, value)) return file;
    return null;
  }

  open(name: string, value: Value): CsvFile {
    const isJson = this.#files.length + 1 >= LIMITS.csvFilesPerSensorMax;
    const columns = isJson ? SCALAR_COLUMNS : columnsOf(value);
    const file: CsvFile = { name, columns, isJson, upto: 0 };
    this.#files.push(file);
    return file;
  }

  row(file: CsvFile, sequence: number, tsMs: number, value: Value): string {
    return `${sequence},${csvTime(tsMs)},${this.#sensorText},${cells(file, value)}\n`;
  }
}

export function headingFor(file: CsvFile): string {
  return `sequence,timestamp,sensor_id,${file.columns.map(csvText).join(',')}\n`;
}

/** The value's columns by a heading that was read; null where it is none of ours. */
export function columnsIn(heading: string): readonly string[] | null {
  const names = splitLine(heading);
  const isOurs = names[0] === 'sequence' && names[1] === 'timestamp' && names[2] === 'sensor_id';
  return isOurs && names.length > FIXED_COLUMNS ? names.slice(FIXED_COLUMNS) : null;
}

function columnsOf(value: Value): readonly string[] {
  return typeof value === 'object' ? Object.keys(value) : SCALAR_COLUMNS;
}

function fits(file: CsvFile, value: Value): boolean {
  const { columns } = file;
  if (file.isJson) return true;
  if (typeof value !== 'object') return columns.includes('value');
  for (const name in value) if (!columns.includes(name)) return false;
  return true;
}

function cells(file: CsvFile, value: Value): string {
  const { columns } = file;
  if (file.isJson) return typeof value === 'object' ? csvText(JSON.stringify(value)) : csvValue(value);
  if (typeof value === 'object') {
    let text = '';
    for (const [at, column] of columns.entries()) {
      const one = value[column];
      text += `${at === 0 ? '' : ','}${one === undefined ? '' : csvValue(one)}`;
    }
    return text;
  }
  if (columns.length === 1) return csvValue(value);
  return columns.map((column) => (column === 'value' ? csvValue(value) : '')).join(',');
}

/** The cells of a line that `csvText` wrote. */
export function splitLine(line: string): string[] {
  const names: string[] = [];
  let at = 0;
  while (at <= line.length) {
    let end = at;
    let text = '';
    if (line[at] === '"') {
      end = at + 1;
      while (end < line.length && (line[end] !== '"' || line[end + 1] === '"'))
        end += line[end] === '"' ? 2 : 1;
      text = line.slice(at + 1, end).replaceAll('""', '"');
      end++;
    } else {
      const comma = line.indexOf(',', at);
      end = comma < 0 ? line.length : comma;
      text = line.slice(at, end);
    }
    names.push(
      text.replace(/\\([\\nr])/g, (_, it: string) => (it === 'n' ? '\n' : it === 'r' ? '\r' : '\\')),
    );
    at = end + 1;
  }
  return names;
}
