/** Notations of dates and times that files are found with, in the pattern language of `columns.*.formats`. */

const DATES = [
  "yyyy/MM/dd",
  "yyyy/M/d",
  "yyyy.MM.dd",
  "dd.MM.yyyy",
  "d.M.yyyy",
  "MM/dd/yyyy",
  "M/d/yyyy",
  "dd/MM/yyyy",
  "d/M/yyyy",
  "MM-dd-yyyy",
  "dd-MM-yyyy",
  "M-d-yyyy",
  "d-M-yyyy",
  "dd-MMM-yyyy",
  "d-MMM-yyyy",
  "d-MMM-yy",
  "MMM d yyyy",
  "MMM d, yyyy",
  "MMMM d yyyy",
  "MMMM d, yyyy",
  "d MMM yyyy",
  "d MMMM yyyy",
  "M/d/yy",
  "d/M/yy",
  "d.M.yy",
] as const;

const TIMES = ["HH:mm:ss", "HH:mm", "HH:mm:ss.SSS", "H:mm:ss", "H:mm", "h:mm:ss a", "h:mm a"] as const;
const ZONES = ["", "XXX", "XX", "X", " XXX", " XX"] as const;

/** Days: what is written as a date alone. ISO goes before all of them. */
export const DATE_FORMATS: readonly string[] = ["ISO", ...DATES];

/** Days of eight digits are numbers as well; only a column's name tells. */
export const COMPACT_DATE_FORMAT = "yyyyMMdd";

/** Days with a time; ISO goes before all of them. */
export const TIMESTAMP_FORMATS: readonly string[] = [
  "ISO",
  ...["yyyy-MM-dd", ...DATES].flatMap((date) =>
    [" ", "'T'", ", "].flatMap((between) => TIMES.flatMap((time) => ZONES.map((zone) => date + between + time + zone))),
  ),
];

/** Whether a format takes the month for the day in a text such as 03/04/2020. */
export function isMonthFirst(format: string): boolean {
  return /^MM?[/-]dd?/.test(format);
}
