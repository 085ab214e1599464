# SPDX-License-Identifier: Apache-2.0
"""How names of attachments end that a provider does not take, in lower case."""

from typing import Final


def _endings(text: str) -> frozenset[str]:
    return frozenset(text.split())


# "Forbidden file types" of postmarkapp.com/developer/user-guide/send-email-with-api
POSTMARK: Final = _endings(
    "bat bin chm com cpl crt exe hlp hta inf ins isp jse lnk mdb msc msi msp mst pcd pif reg scr sct shs vba vbe vbs "
    "wsf wsh wsl"
)
# resend.com/docs/knowledge-base/what-attachment-types-are-not-supported
RESEND: Final = _endings(
    "adp app asp bas bat cer chm cmd com cpl crt csh der exe fxp gadget hlp hta inf ins isp its js jse ksh lib lnk mad "
    "maf mag mam maq mar mas mat mau mav maw mda mdb mde mdt mdw mdz msc msh msh1 msh2 mshxml msh1xml msh2xml msi msp "
    "mst ops pcd pif plg prf prg reg scf scr sct shb shs sys ps1 ps1xml ps2 ps2xml psc1 psc2 tmp url vb vbe vbs vps "
    "vsmacros vss vst vsw vxd ws wsc wsf wsh xnk"
)
# "Unsupported attachment types" of the developer guide, docs.aws.amazon.com/ses/latest/dg/mime-types.html
SES: Final = RESEND | _endings("ade")
