import { execFileSync } from 'node:child_process'

/** Flat pictures of H.264 that become brighter by 2 grey levels each, a hundred times: what comes before them, and each. */
export function clip(pictures: number): { head: Buffer; pictures: Buffer[] } {
  const drawn = `color=c=black:size=64x48:rate=25,format=gray,geq=lum='20+2*mod(N,100)'`
  const args = ['-v', 'error', '-f', 'lavfi', '-i', drawn, '-frames:v', String(pictures)]
  const coded = ['-pix_fmt', 'yuvj420p', '-c:v', 'libx264', '-tune', 'zerolatency', '-f', 'flv', '-']
  const flv = execFileSync('ffmpeg', [...args, ...coded])
  const cut: Buffer[] = []
  let head = 13
  // Adobe Flash Video File Format 10.1, annex E: tags of 11 bytes, their data and 4 bytes; 9 = video, then 1 = a picture.
  for (let at = 13; at + 11 < flv.length;) {
    const end = at + 15 + flv.readUIntBE(at + 1, 3)
    if (flv[at] === 9 && flv[at + 12] === 1) cut.push(flv.subarray(at, end))
    else if (cut.length === 0) head = end
    at = end
  }
  return { head: flv.subarray(0, head), pictures: cut }
}

/** A picture of `clip` as one that the camera took at `atMs`, by a clock that began at 0. */
export function takenAt(picture: Buffer | undefined, atMs: number): Buffer {
  if (!picture) throw new Error('the clip is too short')
  const tag = Buffer.from(picture)
  tag.writeUIntBE(Math.round(atMs) % 2 ** 24, 4, 3)
  tag.writeUInt8(Math.floor(Math.round(atMs) / 2 ** 24), 7)
  return tag
}
