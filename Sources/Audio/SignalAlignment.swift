/// Where a recording contains what was played, and how alike the two are.
///
/// For tests and for measuring mouth to ear: works on whole recordings, allocates, takes its time.
package struct SignalAlignment: Equatable, Sendable {
    /// Samples at 48 kHz by which the recording is later than what was played.
    package let delaySamples: Int
    /// Normalised correlation at that delay over what the two have in common, -1 ... 1.
    package let coefficient: Double

    package var delayMilliseconds: Double {
        Double(self.delaySamples) * 1000 / Double(AudioFormat.sampleRate)
    }

    /// Finds the delay at which `recorded` is most like `played`.
    /// - Parameter delays: Where to look, in samples; negative if the recording began later.
    /// - Returns: `nil` if one of them is shorter than 10 ms or silent.
    package static func find(
        _ played: [Int16], in recorded: [Int16], delays: ClosedRange<Int> = 0...2 * AudioFormat.sampleRate
    ) -> SignalAlignment? {
        let coarse = Self.decimation
        let one = Self.decimated(played)
        let other = Self.decimated(recorded)
        let range = Self.roundedDown(delays.lowerBound)...Self.roundedDown(delays.upperBound) + 1
        guard one.count >= 80, other.count >= 80 else { return nil }

        let played = played.map(Double.init)
        let recorded = recorded.map(Double.init)
        var best: SignalAlignment?
        for lag in Self.bestLags(one, other, range) {
            for delay in (lag - 1) * coarse...(lag + 1) * coarse where delays.contains(delay) {
                guard let coefficient = Self.correlation(played, recorded, delay: delay) else { continue }
                if coefficient > best?.coefficient ?? -2 {
                    best = SignalAlignment(delaySamples: delay, coefficient: coefficient)
                }
            }
        }
        return best
    }

    /// Aligns each `segment` of what was played by itself, near `delay`, and gives them in order;
    /// silent segments are left out. A receiver that stretches sound moves its delay while it plays.
    package static func segments(
        of played: [Int16], in recorded: [Int16], around delay: Int, segment: Int = AudioFormat.sampleRate / 2,
        tolerance: Int = AudioFormat.sampleRate / 10
    ) -> [SignalAlignment] {
        var found: [SignalAlignment] = []
        for start in stride(from: 0, through: played.count - segment, by: max(segment, 1)) {
            let piece = Array(played[start..<start + segment])
            let power = piece.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(max(segment, 1))
            guard power > Self.silence else { continue }
            let from = start + delay - tolerance
            let first = min(max(from, 0), recorded.count)
            let last = min(max(first, start + delay + segment + tolerance), recorded.count)
            let shift = from - first
            guard
                let alignment = Self.find(
                    piece, in: Array(recorded[first..<last]), delays: shift...shift + 2 * tolerance)
            else { continue }
            found.append(
                SignalAlignment(
                    delaySamples: alignment.delaySamples + first - start, coefficient: alignment.coefficient))
        }
        return found
    }

    // MARK: Private parts

    /// The lags of the highest normalised correlations, through the frequency domain. Periodic sound
    /// has several that only the full rate tells apart.
    private static func bestLags(_ one: [Double], _ other: [Double], _ lags: ClosedRange<Int>) -> [Int] {
        let transform = FourierTransform(count: FourierTransform.length(holding: one.count + other.count))
        let zeros = [Double](repeating: 0, count: transform.count)
        var real = other + zeros.dropFirst(other.count)
        var imaginary = zeros
        var otherReal = one + zeros.dropFirst(one.count)
        var otherImaginary = zeros
        transform.transform(&real, &imaginary)
        transform.transform(&otherReal, &otherImaginary)
        for index in real.indices {
            // other × conjugate(one), conjugated again for the way back.
            let product = real[index] * otherReal[index] + imaginary[index] * otherImaginary[index]
            let cross = imaginary[index] * otherReal[index] - real[index] * otherImaginary[index]
            real[index] = product
            imaginary[index] = -cross
        }
        transform.transform(&real, &imaginary)

        let oneEnergy = Self.runningEnergy(one)
        let otherEnergy = Self.runningEnergy(other)
        guard let whole = oneEnergy.last, whole > 0, otherEnergy.last ?? 0 > 0 else { return [] }
        var candidates: [(lag: Int, coefficient: Double)] = []
        for lag in lags.clamped(to: -(one.count - 1)...other.count - 1) {
            let first = max(0, -lag)
            let last = min(one.count, other.count - lag)
            guard first < last else { continue }
            let common = oneEnergy[last] - oneEnergy[first]
            let there = otherEnergy[last + lag] - otherEnergy[first + lag]
            // Little in common is alike by chance.
            guard common > whole / 4, there > 0 else { continue }
            let product = real[lag >= 0 ? lag : transform.count + lag] / Double(transform.count)
            let coefficient = product / (common * there).squareRoot()
            if let last = candidates.last, last.lag == lag - 1, last.coefficient < coefficient {
                candidates[candidates.count - 1] = (lag, coefficient)
            } else if candidates.last.map({ $0.lag < lag - 2 || $0.coefficient < coefficient }) ?? true {
                candidates.append((lag, coefficient))
            }
        }
        guard let highest = candidates.map(\.coefficient).max() else { return [] }
        return candidates.filter { $0.coefficient > highest - Self.coarseness }
            .sorted { $0.coefficient > $1.coefficient }
            .prefix(Self.candidateCount).map(\.lag)
    }

    private static func correlation(_ one: [Double], _ other: [Double], delay: Int) -> Double? {
        let first = max(0, -delay)
        let last = min(one.count, other.count - delay)
        guard first < last else { return nil }
        return one.withUnsafeBufferPointer { one in
            other.withUnsafeBufferPointer { other in
                var product = 0.0
                var oneEnergy = 0.0
                var otherEnergy = 0.0
                var index = first
                while index < last {
                    let left = one[index]
                    let right = other[index + delay]
                    product += left * right
                    oneEnergy += left * left
                    otherEnergy += right * right
                    index += 1
                }
                guard oneEnergy > 0, otherEnergy > 0 else { return nil }
                return product / (oneEnergy * otherEnergy).squareRoot()
            }
        }
    }

    private static func decimated(_ samples: [Int16]) -> [Double] {
        stride(from: 0, to: samples.count - Self.decimation + 1, by: Self.decimation).map { start in
            Double(samples[start..<start + Self.decimation].reduce(0) { $0 + Int($1) })
        }
    }

    private static func runningEnergy(_ samples: [Double]) -> [Double] {
        var sums = [0.0]
        sums.reserveCapacity(samples.count + 1)
        var sum = 0.0
        for sample in samples {
            sum += sample * sample
            sums.append(sum)
        }
        return sums
    }

    private static func roundedDown(_ samples: Int) -> Int {
        Int((Double(samples) / Double(Self.decimation)).rounded(.down))
    }

    /// The search runs at 8 kHz, where voices live.
    private static let decimation = 6
    /// What a fraction of a coarse sample can cost in correlation.
    private static let coarseness = 0.08
    private static let candidateCount = 12
    /// Mean square of -50 dB of full scale.
    private static let silence = 100.0 * 100.0
}
