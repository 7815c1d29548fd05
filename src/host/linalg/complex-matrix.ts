import type { Complex } from "../math/complex-number.ts";

/** A square matrix of complex numbers, row-major, in float64. */
export class ComplexMatrix {
  readonly n: number;
  readonly re: Float64Array;
  readonly im: Float64Array;

  constructor(n: number) {
    this.n = n;
    this.re = new Float64Array(n * n);
    this.im = new Float64Array(n * n);
  }

  static identity(n: number): ComplexMatrix {
    const matrix = new ComplexMatrix(n);
    for (let i = 0; i < n; i++) matrix.re[i * n + i] = 1;
    return matrix;
  }

  copy(): ComplexMatrix {
    const matrix = new ComplexMatrix(this.n);
    matrix.re.set(this.re);
    matrix.im.set(this.im);
    return matrix;
  }

  at(row: number, column: number): Complex {
    const place = row * this.n + column;
    return [this.re[place]!, this.im[place]!];
  }

  set(row: number, column: number, [re, im]: Complex): void {
    const place = row * this.n + column;
    this.re[place] = re;
    this.im[place] = im;
  }

  /** Multiplies by a real number, in place. */
  scale(factor: number): this {
    for (let i = 0; i < this.re.length; i++) {
      this.re[i]! *= factor;
      this.im[i]! *= factor;
    }
    return this;
  }

  /** Adds another matrix, `factor` times, in place. */
  add(other: ComplexMatrix, factor = 1): this {
    for (let i = 0; i < this.re.length; i++) {
      this.re[i]! += factor * other.re[i]!;
      this.im[i]! += factor * other.im[i]!;
    }
    return this;
  }

  times(other: ComplexMatrix): ComplexMatrix {
    const { n } = this;
    const product = new ComplexMatrix(n);
    for (let i = 0; i < n; i++) {
      for (let k = 0; k < n; k++) {
        const [x, y] = this.at(i, k);
        if (x === 0 && y === 0) continue;
        for (let j = 0, from = k * n, to = i * n; j < n; j++, from++, to++) {
          const [re, im] = [other.re[from]!, other.im[from]!];
          product.re[to]! += x * re - y * im;
          product.im[to]! += x * im + y * re;
        }
      }
    }
    return product;
  }

  adjoint(): ComplexMatrix {
    const { n } = this;
    const turned = new ComplexMatrix(n);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        const [re, im] = this.at(i, j);
        turned.set(j, i, [re, -im]);
      }
    }
    return turned;
  }

  /** The largest sum of sizes in a column. */
  norm1(): number {
    let largest = 0;
    for (let j = 0; j < this.n; j++) {
      let sum = 0;
      for (let i = 0; i < this.n; i++) sum += Math.hypot(...this.at(i, j));
      largest = Math.max(largest, sum);
    }
    return largest;
  }
}
