/** A numerator and a denominator, coefficients of the highest power first. */
type Rational = readonly [readonly number[], readonly number[]];

function rational(x: number, [numerator, denominator]: Rational): number {
  return polynomial(x, numerator) / polynomial(x, denominator);
}

function polynomial(x: number, coefficients: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < coefficients.length; i++) sum = sum * x + coefficients[i]!;
  return sum;
}

// Rational approximations of Cephes' ndtr.c: erf(x) / x in x^2 below 1; erfc(x) exp(x^2) from 1 to 8 and above.
const ERF: Rational = [
  [9.604973739870516, 90.02601972038427, 2232.005345946843, 7003.325141128051, 55592.30130103949],
  [1, 33.56171416475031, 521.3579497801527, 4594.323829709801, 22629.000061389095, 49267.39426086359],
];
const ERFC_TO_8: Rational = [
  [
    2.461969814735305e-10, 0.5641895648310689, 7.463210564422699, 48.63719709856814, 196.5208329560771,
    526.4451949954773, 934.5285271719576, 1027.5518868951572, 557.5353353693994,
  ],
  [
    1, 13.228195115474499, 86.70721408859897, 354.9377788878199, 975.7085017432055, 1823.9091668790973,
    2246.3376081871097, 1656.6630919416134, 557.5353408177277,
  ],
];
const ERFC_ABOVE_8: Rational = [
  [
    0.5641895835477551, 1.275366707599781, 5.019050422511805, 6.160210979930536, 7.4097426995044895,
    2.9788666537210022,
  ],
  [
    1, 2.2605286322011726, 9.396035249380015, 12.048953980809666, 17.08144507475659, 9.608968090632859,
    3.369076451000815,
  ],
];

/** Beyond this exp(-x^2) is zero in float64, and powers of x must not overflow. */
const ERFC_IS_ZERO = 30;

function erfNearZero(x: number): number {
  return x * rational(x * x, ERF);
}

/** For x from 1 on, or NaN. */
function erfcFarOut(x: number): number {
  if (x > ERFC_IS_ZERO) return 0;
  return Math.exp(-x * x) * rational(x, x < 8 ? ERFC_TO_8 : ERFC_ABOVE_8);
}

/** The error function: twice the integral of exp(-t^2) from 0 to x, over the root of pi. */
export function erf(x: number): number {
  const size = Math.abs(x);
  return size < 1 ? erfNearZero(x) : Math.sign(x) * (1 - erfcFarOut(size));
}

/** 1 - erf(x), with all digits where that is small. */
export function erfc(x: number): number {
  const size = Math.abs(x);
  if (size < 1) return 1 - erfNearZero(x);
  return x < 0 ? 2 - erfcFarOut(size) : erfcFarOut(size);
}

// Rational approximations of Cephes' ndtri.c, in (y - 1/2)^2 and, for the tails, in 1 / sqrt(-2 log y).
const NDTRI_MIDDLE: Rational = [
  [-59.96335010141079, 98.00107541859997, -56.67628574690703, 13.931260938727968, -1.2391658386738125],
  [
    1, 1.9544885833814176, 4.676279128988815, 86.36024213908905, -225.46268785411937, 200.26021238006066,
    -82.03722561683334, 15.90562251262117, -1.1833162112133,
  ],
];
const NDTRI_TAIL: Rational = [
  [
    4.0554489230596245, 31.525109459989388, 57.16281922464213, 44.08050738932008, 14.684956192885803,
    2.1866330685079025, -0.1402560791713545, -0.03504246268278482, -0.0008574567851546854,
  ],
  [
    1, 15.779988325646675, 45.39076351288792, 41.3172038254672, 15.04253856929075, 2.504649462083094,
    -0.14218292285478779, -0.03808064076915783, -0.0009332594808954574,
  ],
];
const NDTRI_FAR_TAIL: Rational = [
  [
    3.2377489177694603, 6.915228890689842, 3.9388102529247444, 1.3330346081580755, 0.20148538954917908,
    0.012371663481782003, 0.00030158155350823543, 0.0000026580697468673755, 6.239745391849833e-9,
  ],
  [
    1, 6.02427039364742, 3.6798356385616087, 1.3770209948908132, 0.21623699359449663, 0.013420400608854318,
    0.00032801446468212774, 0.0000028924786474538068, 6.790194080099813e-9,
  ],
];
const EXP_MINUS_2 = Math.exp(-2);

/** The point below which a normal variable lies with probability `p`. */
export function ndtri(p: number): number {
  const isUpper = p > 1 - EXP_MINUS_2;
  const y = isUpper ? 1 - p : p;
  if (y > EXP_MINUS_2) {
    const centred = y - 0.5;
    const square = centred * centred;
    return (centred + centred * square * rational(square, NDTRI_MIDDLE)) * Math.sqrt(2 * Math.PI);
  }
  if (y === 0) return isUpper ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  const distance = Math.sqrt(-2 * Math.log(y));
  const inverse = 1 / distance;
  const ratio = rational(inverse, distance < 8 ? NDTRI_TAIL : NDTRI_FAR_TAIL);
  const size = distance - Math.log(distance) * inverse - inverse * ratio;
  return isUpper ? size : -size;
}
