internal import Wire

let none = Instant.zero
