package policy

// ProfileOnRecover reports whether recovering a message held for this cause gives its
// sender a profile, as the vendor does. Where the sender may be a robot or a forger that
// would hand them a privilege.
func (c Cause) ProfileOnRecover() bool {
	switch c {
	case AutoDeliveryFailure, AutoVacation, SystemUser, FromSupportAddress, FailedAuthentication,
		FromNoReply, Unprocessable, AmbiguousSender:
		return false
	}
	return true
}
