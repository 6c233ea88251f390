// The sums of sharpness.kernel.ts over up to CHUNK columns, eight at a time. Built with clang 19.1.7 by
//
//   clang-19 --target=wasm32 -nostdlib -O3 -msimd128 -Wl,--no-entry,--strip-all \
//     -o inspection/kernels/sharpness.wasm inspection/kernels/sharpness.c
#include <wasm_simd128.h>

#define EXPORT(name) __attribute__((export_name(#name)))

enum { CHUNK = 2048 };

static unsigned char up[CHUNK], middle[CHUNK + 2], down[CHUNK];
static int sums[4];

EXPORT(up_at) unsigned char *up_at(void) { return up; }
EXPORT(middle_at) unsigned char *middle_at(void) { return middle; }
EXPORT(down_at) unsigned char *down_at(void) { return down; }
EXPORT(sums_at) int *sums_at(void) { return sums; }

static int total(v128_t v) {
  return wasm_i32x4_extract_lane(v, 0) + wasm_i32x4_extract_lane(v, 1) + wasm_i32x4_extract_lane(v, 2) +
         wasm_i32x4_extract_lane(v, 3);
}

/// Sum and squared sum of the Laplacian, squared sums of the differences in x and in y, of `count` columns.
EXPORT(add_up) void add_up(int count) {
  v128_t s = wasm_i32x4_splat(0), squares = s, ex = s, ey = s;
  int x = 0;
  for (; x + 8 <= count; x += 8) {
    v128_t u = wasm_u16x8_load8x8(up + x), d = wasm_u16x8_load8x8(down + x);
    v128_t left = wasm_u16x8_load8x8(middle + x), right = wasm_u16x8_load8x8(middle + x + 2);
    v128_t m = wasm_i16x8_shl(wasm_u16x8_load8x8(middle + x + 1), 2);
    v128_t l = wasm_i16x8_sub(wasm_i16x8_add(wasm_i16x8_add(left, right), wasm_i16x8_add(u, d)), m);
    v128_t dx = wasm_i16x8_sub(right, left), dy = wasm_i16x8_sub(d, u);
    s = wasm_i32x4_add(s, wasm_i32x4_extadd_pairwise_i16x8(l));
    squares = wasm_i32x4_add(squares, wasm_i32x4_dot_i16x8(l, l));
    ex = wasm_i32x4_add(ex, wasm_i32x4_dot_i16x8(dx, dx));
    ey = wasm_i32x4_add(ey, wasm_i32x4_dot_i16x8(dy, dy));
  }
  sums[0] = total(s);
  sums[1] = total(squares);
  sums[2] = total(ex);
  sums[3] = total(ey);
  for (; x < count; x++) {
    int l = middle[x] + middle[x + 2] + up[x] + down[x] - 4 * middle[x + 1];
    int dx = middle[x + 2] - middle[x], dy = down[x] - up[x];
    sums[0] += l;
    sums[1] += l * l;
    sums[2] += dx * dx;
    sums[3] += dy * dy;
  }
}
