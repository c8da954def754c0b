/** Labels of the public pictures that are known to be incomplete. */

/** A sheet of 72 codes, A-01 to A-72; its label names the 64 of them that decoders read. */
const SHEET = {
  file: "misc/python-barcode-qrcode-sdk__camera_file_multi-qr.png",
  texts: Array.from({ length: 72 }, (_, index) => `A-${String(index + 1).padStart(2, "0")}`),
};

/** What may be read in a picture: its label, completed where that is known to lack something. */
export function completed(file: string, expected: string[]): string[] {
  return file === SHEET.file ? SHEET.texts : expected;
}
