internal import Glibc

/// The discrete Fourier transform of a power of two of complex numbers, in place.
struct FourierTransform {
    let count: Int
    private let cosines: [Double]
    private let sines: [Double]

    /// - Precondition: `count` is a power of two, at least 2.
    init(count: Int) {
        precondition(count >= 2 && count & (count - 1) == 0, "the length is a power of two")
        self.count = count
        self.cosines = (0..<count / 2).map { cos(2 * Double.pi * Double($0) / Double(count)) }
        self.sines = (0..<count / 2).map { -sin(2 * Double.pi * Double($0) / Double(count)) }
    }

    /// The least length that holds `minimum`.
    static func length(holding minimum: Int) -> Int {
        var length = 2
        while length < minimum { length *= 2 }
        return length
    }

    /// Forward transform; conjugate before and after for the inverse, and divide by `count`.
    func transform(_ real: inout [Double], _ imaginary: inout [Double]) {
        precondition(real.count == self.count && imaginary.count == self.count, "the length is fixed")
        real.withUnsafeMutableBufferPointer { real in
            imaginary.withUnsafeMutableBufferPointer { imaginary in
                self.cosines.withUnsafeBufferPointer { cosines in
                    self.sines.withUnsafeBufferPointer { sines in
                        Self.reorder(real, imaginary)
                        Self.butterflies(real, imaginary, cosines, sines)
                    }
                }
            }
        }
    }

    /// Puts each element where its index, read from the other end, points.
    private static func reorder(
        _ real: UnsafeMutableBufferPointer<Double>, _ imaginary: UnsafeMutableBufferPointer<Double>
    ) {
        var reversed = 0
        for index in 1..<real.count {
            var bit = real.count >> 1
            while reversed & bit != 0 {
                reversed ^= bit
                bit >>= 1
            }
            reversed |= bit
            if index < reversed {
                real.swapAt(index, reversed)
                imaginary.swapAt(index, reversed)
            }
        }
    }

    private static func butterflies(
        _ real: UnsafeMutableBufferPointer<Double>, _ imaginary: UnsafeMutableBufferPointer<Double>,
        _ cosines: UnsafeBufferPointer<Double>, _ sines: UnsafeBufferPointer<Double>
    ) {
        let count = real.count
        var half = 1
        while half < count {
            let stride = count / (half * 2)
            var start = 0
            while start < count {
                var index = 0
                while index < half {
                    let low = start + index
                    let high = low + half
                    let cosine = cosines[index * stride]
                    let sine = sines[index * stride]
                    let rotatedReal = real[high] * cosine - imaginary[high] * sine
                    let rotatedImaginary = real[high] * sine + imaginary[high] * cosine
                    real[high] = real[low] - rotatedReal
                    imaginary[high] = imaginary[low] - rotatedImaginary
                    real[low] += rotatedReal
                    imaginary[low] += rotatedImaginary
                    index += 1
                }
                start += half * 2
            }
            half *= 2
        }
    }
}
