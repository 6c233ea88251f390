/** The part of the codec that is used here; the package has no types. */
declare module '@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs' {
  interface JPEGDecoder {
    /** Room for the file, inside the codec's memory; valid until the next call. */
    getEncodedBuffer(length: number): Uint8Array
    /** @throws the address of a C++ exception, as a number */
    decode(): void
    /** HWC, inside the codec's memory; valid until the next call. */
    getDecodedBuffer(): Uint8ClampedArray
    getFrameInfo(): { width: number; height: number; bitsPerSample: number; componentCount: number }
  }
  const create: () => Promise<{ JPEGDecoder: new () => JPEGDecoder }>
  export default create
}
