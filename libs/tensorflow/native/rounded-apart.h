/**
 * Included behind all others by what computes to the same bits as TensorFlow's operations: products and sums are each rounded,
 * also where the processor has one instruction for both.
 */
#ifdef __clang__
#pragma STDC FP_CONTRACT OFF
#else
#pragma GCC optimize("fp-contract=off")
#endif
