/** The ZBar scanner in wasm: QR only, bytes as they are, called without a promise. */
import { ZBarConfigType, ZBarSymbol, ZBarSymbolType, getInstance } from "@undecaf/zbar-wasm";
import type { DecodedCode } from "../../../devices.ts";
import type { Luminance } from "../image/image.ts";
import { textOf } from "./text.ts";

/** A ready scanner; `read` is synchronous and keeps no state between pictures. */
export interface Zbar {
  /** @param inverted also looks for light modules on dark, at about twice the cost of a miss */
  read(image: Luminance, inverted: boolean): DecodedCode[];
}

const GREY = 0x30303859; // the four characters "Y800", ZBar's name for 8 bit grey

/** Loads the wasm that lies beside the package's own code. */
export async function loadZbar(): Promise<Zbar> {
  const wasm = await getInstance();
  const scanners = [false, true].map((inverted) => {
    const scanner = wasm._ImageScanner_create();
    const configure = (symbology: number, config: number, value: number): void => {
      wasm._ImageScanner_set_config(scanner, symbology, config, value);
    };
    // With every symbology on, ZBar reads a bar code "T" out of ordinary photographs.
    configure(ZBarSymbolType.ZBAR_NONE, ZBarConfigType.ZBAR_CFG_ENABLE, 0);
    configure(ZBarSymbolType.ZBAR_QRCODE, ZBarConfigType.ZBAR_CFG_ENABLE, 1);
    // Without this ZBar guesses a character set and gives its own rendering of it.
    configure(ZBarSymbolType.ZBAR_QRCODE, ZBarConfigType.ZBAR_CFG_BINARY, 1);
    if (inverted) configure(ZBarSymbolType.ZBAR_NONE, ZBarConfigType.ZBAR_CFG_TEST_INVERTED, 1);
    return scanner;
  });
  const memory = (): ArrayBuffer => wasm.HEAPU8.buffer as ArrayBuffer;
  return {
    read(image, inverted) {
      const scanner = scanners[inverted ? 1 : 0] ?? 0;
      const { width, height, luminance } = image;
      const at = wasm._malloc(luminance.length);
      if (at === 0) {
        throw new RangeError(`zbar has no memory for a picture of ${luminance.length} bytes`);
      }
      wasm.HEAPU8.set(luminance, at);
      // Destroying the image frees its bytes too.
      const picture = wasm._Image_create(width, height, GREY, at, luminance.length, 0);
      try {
        if (wasm._ImageScanner_scan(scanner, picture) <= 0) return [];
        const symbols = wasm._Image_get_symbols(picture);
        return ZBarSymbol.createSymbolsFromPtr(symbols, memory()).flatMap(toCode);
      } finally {
        wasm._Image_destory(picture);
      }
    },
  };
}

function toCode(symbol: ZBarSymbol): DecodedCode[] {
  if (symbol.type !== ZBarSymbolType.ZBAR_QRCODE) return [];
  const bytes = Uint8Array.from(symbol.data, (value) => value & 0xff);
  // ZBar lists the corners against the clock, from the top left.
  const [topLeft, bottomLeft, bottomRight, topRight] = symbol.points;
  const known = topLeft && topRight && bottomRight && bottomLeft;
  return [
    {
      bytes,
      text: textOf(bytes),
      format: "qr",
      corners: known
        ? [topLeft, topRight, bottomRight, bottomLeft].map(({ x, y }) => ({ x, y }))
        : [],
      decoder: "zbar",
    },
  ];
}
