/** Where the files of a simulated unit lie. */

export const UNIT_FILES = {
  database: "/var/lib/sentinel/unit.db",
  districtKey: "/etc/sentinel/district.key",
  unitKey: "/var/lib/sentinel/unit.key",
  directory: "/etc/sentinel/directory.jsonl",
  trustFolder: "/etc/sentinel/trust",
  revokedFolder: "/etc/sentinel/revoked",
  commandKeys: "/etc/sentinel/command-keys.yaml",
  dataKeys: "/etc/sentinel/data-keys.yaml",
  dataSets: "/var/lib/sentinel/sets",
} as const;
