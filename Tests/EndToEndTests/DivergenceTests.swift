import Testing
import ViTRuntime

struct DivergenceTests {
  @Test func isThatOfTheSoftmax() {
    #expect(Divergence.softmax([1, -2, 3], [1, -2, 3]) == 0)
    // p = (3/4, 1/4), q = (1/2, 1/2).
    let expected = 0.75 * 0.405465108 - 0.25 * 0.693147181
    #expect(abs(Divergence.softmax([1.0986123, 0], [0, 0]) - expected) < 1e-6)
    // Shifts of all logits change nothing, and no logit is too large.
    #expect(abs(Divergence.softmax([1001.0986, 1000], [-5000, -5000]) - expected) < 1e-4)
  }
}
