"""CloudFormation over moto's plain APIs on loopback.

Moto's own CloudFormation knows no rollback, few types and no change sets that tell anything, so this one makes every
resource of a template by the API call that it stands for: what botocore or moto refuses fails the stack, as on AWS.
"""
