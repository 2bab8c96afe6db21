// Matrices, row after row.

// c = a bᵀ, or c += a bᵀ, with a (m, k) and b (n, k): the only product there is.
export function multiply(c, a, b, m, n, k, add) {
  const m2 = m - (m % 2);
  const n4 = n - (n % 4);
  for (let i = 0; i < m2; i += 2) {
    const a0 = i * k;
    const a1 = a0 + k;
    const c0 = i * n;
    const c1 = c0 + n;
    for (let j = 0; j < n4; j += 4) {
      const b0 = j * k;
      const b1 = b0 + k;
      const b2 = b1 + k;
      const b3 = b2 + k;
      let s00 = 0;
      let s01 = 0;
      let s02 = 0;
      let s03 = 0;
      let s10 = 0;
      let s11 = 0;
      let s12 = 0;
      let s13 = 0;
      for (let p = 0; p < k; p++) {
        const x = a[a0 + p];
        const y = a[a1 + p];
        const w0 = b[b0 + p];
        const w1 = b[b1 + p];
        const w2 = b[b2 + p];
        const w3 = b[b3 + p];
        s00 += x * w0;
        s01 += x * w1;
        s02 += x * w2;
        s03 += x * w3;
        s10 += y * w0;
        s11 += y * w1;
        s12 += y * w2;
        s13 += y * w3;
      }
      if (!add) c[c0 + j] = c[c0 + j + 1] = c[c0 + j + 2] = c[c0 + j + 3] = 0;
      if (!add) c[c1 + j] = c[c1 + j + 1] = c[c1 + j + 2] = c[c1 + j + 3] = 0;
      c[c0 + j] += s00;
      c[c0 + j + 1] += s01;
      c[c0 + j + 2] += s02;
      c[c0 + j + 3] += s03;
      c[c1 + j] += s10;
      c[c1 + j + 1] += s11;
      c[c1 + j + 2] += s12;
      c[c1 + j + 3] += s13;
    }
    dots(c, a, b, i, i + 2, n4, n, n, k, add);
  }
  dots(c, a, b, m2, m, 0, n, n, k, add);
}

function dots(c, a, b, i0, i1, j0, j1, n, k, add) {
  for (let i = i0; i < i1; i++) {
    for (let j = j0; j < j1; j++) {
      let sum = add ? c[i * n + j] : 0;
      for (let p = 0, x = i * k, w = j * k; p < k; p++) sum += a[x + p] * b[w + p];
      c[i * n + j] = sum;
    }
  }
}

// In tiles, since writing down a column of 256 numbers misses the cache each time.
export function transpose(out, a, rows, columns) {
  for (let i0 = 0; i0 < rows; i0 += 8) {
    const end = Math.min(i0 + 8, rows);
    for (let j = 0; j < columns; j++) {
      for (let i = i0, to = j * rows + i0, at = i0 * columns + j; i < end; i++, at += columns)
        out[to++] = a[at];
    }
  }
  return out;
}
