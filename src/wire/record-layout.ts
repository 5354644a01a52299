// How a list of records is laid out, for its writer and its reader. SPEC rules WR10-WR15.
//
//   count · flags · n · [forms, field names] · sensors · times · arrivals · [suspects] · scalars · padding
//
// Records are in columns, since neighbours resemble each other more than the fields of one record do. The
// encoding takes at least a byte for each record and each scalar, if need be in padding: so a count promises no
// more than there are bytes, and no decoder can be made to allocate much for little.

/** The layout in words: it stands for all of this in the hash that is pinned to the wire version. */
export const RECORDS_LAYOUT = 'records/1';

// Which of the optional columns there are.
export const HAS_FORMS = 1;
export const HAS_SUSPECTS = 2;
/** Arrivals are times of their own, since one is too far from its reading's time for an exact difference. */
export const ABSOLUTE_ARRIVALS = 4;
export const FLAGS_MAX = 7;

// What a record is. From FIELDS on: a reading with the field names of that entry of the table.
export const SCALAR = 0;
export const META = 1;
export const TOMBSTONE = 2;
export const FIELDS = 3;
