package shell

import (
	"errors"
	"time"

	"github.com/gin-gonic/gin"

	"gatehouse/adapters/httpapi"
	"gatehouse/adapters/httpapi/params"
	"gatehouse/application/credentials"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
)

// callerParams name a user by a key or by their id. GitLab refuses every call by
// id alone, although the example in its API documentation is one.
type callerParams struct {
	KeyID  string `param:"key_id" api:"string,integer"`
	UserID string `param:"user_id" api:"string,integer"`
}

// log names the caller in the log line of a refusal.
func (p callerParams) log(c *gin.Context) { actorParams{KeyID: p.KeyID, UserID: p.UserID}.log(c) }

func (p callerParams) caller() credentials.Caller {
	if p.KeyID == "" && p.UserID != "" {
		return credentials.Caller{Claim: identity.ClaimUser(p.UserID), ByUser: true}
	}
	return credentials.Caller{Claim: identity.ClaimKey(p.KeyID)}
}

// cause returns the request for the audit log. The service knows the account.
func cause(c *gin.Context) audit.Cause {
	return audit.Cause{Actor: audit.Actor{Address: httpapi.ClientIP(c)}, CorrelationID: httpapi.RequestID(c.Request.Context())}
}

// failed answers with status 200 that a well-formed request failed, and leaves the
// error to the request log. A store that is down is no 5xx either: GitLab Shell
// would repeat the POST, although the first one may have made a token.
func failed(c *gin.Context, err error) (any, error) {
	_ = c.Error(err)
	message := "Something went wrong. Try again later."
	if refusal, ok := errors.AsType[*domain.Refusal](err); ok {
		message = refusal.Error()
	}
	return failureResponse{Message: message}, nil
}

type successResponse struct {
	Success bool `json:"success"`
}

type recoveryCodesResponse struct {
	Success       bool     `json:"success"`
	RecoveryCodes []string `json:"recovery_codes"`
}

// recoveryCodes answers POST /two_factor_recovery_codes.
func (a *API) recoveryCodes(c *gin.Context) (any, error) {
	var in callerParams
	err := params.Decode(c, &in)
	in.log(c)
	if err != nil {
		return nil, err
	}
	codes, err := a.useCases.Credentials.RecoveryCodes(c.Request.Context(), cause(c), in.caller())
	if err != nil {
		return failed(c, err)
	}
	return recoveryCodesResponse{true, codes}, nil
}

type tokenRequest struct {
	callerParams
	Name      string   `param:"name"`
	Scopes    []string `param:"scopes" api:"[]string,string,null"`
	ExpiresAt string   `param:"expires_at"`
}

type tokenResponse struct {
	Success   bool             `json:"success"`
	Token     string           `json:"token"`
	Scopes    []identity.Scope `json:"scopes"`
	ExpiresAt *string          `json:"expires_at"`
}

// personalAccessToken answers POST /personal_access_token.
func (a *API) personalAccessToken(c *gin.Context) (any, error) {
	var in tokenRequest
	err := params.Decode(c, &in)
	in.log(c)
	if err != nil {
		return nil, err
	}
	token, err := a.useCases.Credentials.PersonalAccessToken(c.Request.Context(), cause(c), in.caller(), credentials.TokenRequest{
		Name: in.Name, Scopes: in.Scopes, ExpiresAt: in.ExpiresAt,
	})
	if err != nil {
		return failed(c, err)
	}
	return tokenResponse{true, token.Text, token.Token.Scopes, optionalDay(token.Token.ExpiresAt)}, nil
}

func optionalDay(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	text := t.Format(time.DateOnly)
	return &text
}

type otpRequest struct {
	callerParams
	OTPAttempt string `param:"otp_attempt"`
}

// otpCheck answers POST /two_factor_manual_otp_check.
func (a *API) otpCheck(c *gin.Context) (any, error) {
	var in otpRequest
	err := params.Decode(c, &in)
	in.log(c)
	if err != nil {
		return nil, err
	}
	if err := a.useCases.Credentials.CheckOTP(c.Request.Context(), in.caller(), in.OTPAttempt); err != nil {
		return failed(c, err)
	}
	return successResponse{true}, nil
}

// pushOTPCheck answers POST /two_factor_push_otp_check, which GitLab Shell sends
// at the same time as the manual check.
func (a *API) pushOTPCheck(c *gin.Context) (any, error) {
	var in callerParams
	err := params.Decode(c, &in)
	in.log(c)
	if err != nil {
		return nil, err
	}
	return failed(c, a.useCases.Credentials.PushOTP(c.Request.Context(), in.caller()))
}

type twoFactorConfigResponse struct {
	Success           bool `json:"success"`
	TwoFactorRequired bool `json:"two_factor_required"`
}

// twoFactorConfig answers POST /two_factor_config.
func (a *API) twoFactorConfig(c *gin.Context) (any, error) {
	var in callerParams
	err := params.Decode(c, &in)
	in.log(c)
	if err != nil {
		return nil, err
	}
	required, err := a.useCases.Credentials.TwoFactorRequired(c.Request.Context(), in.caller())
	if err != nil {
		return failed(c, err)
	}
	return twoFactorConfigResponse{true, required}, nil
}
