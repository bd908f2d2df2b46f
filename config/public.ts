import type { Transform } from "millrace";

interface Report {
  "Airport Name": string;
  "Aircraft Make Model": string;
  "Effect Amount of damage": string;
  "Flight Date": string;
  "Aircraft Airline Operator": string;
  "Origin State": string;
  "Phase of flight": string;
  "Wildlife Size": string;
  "Wildlife Species": string;
  "Time of day": string;
  "Cost Other": number;
  "Cost Repair": number;
  "Cost Total $": number;
  "Speed IAS in knots": number | null;
}

/** The file's column names are headings; the table's are names. */
const transform: Transform<Report> = (report) => ({
  airport: report["Airport Name"],
  aircraft: report["Aircraft Make Model"],
  damage: report["Effect Amount of damage"],
  flown_on: report["Flight Date"],
  operator: report["Aircraft Airline Operator"],
  origin_state: report["Origin State"],
  phase: report["Phase of flight"],
  wildlife_size: report["Wildlife Size"],
  species: report["Wildlife Species"],
  time_of_day: report["Time of day"],
  cost_other: report["Cost Other"],
  cost_repair: report["Cost Repair"],
  cost_total: report["Cost Total $"],
  speed_knots: report["Speed IAS in knots"],
});
export default transform;
