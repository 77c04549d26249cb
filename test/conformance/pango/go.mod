module pantag.io/test/conformance/pango

go 1.26.0

require (
	github.com/PaloAltoNetworks/pango v0.9.0
)
